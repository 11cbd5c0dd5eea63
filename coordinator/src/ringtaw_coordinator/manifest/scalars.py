"""Read values that JSON has no type for: bytes, PEM, certificates, keys, times, OIDs.

All raise ValueError with a text that continues "the value …".
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ringtaw_coordinator.manifest.document import Node

_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2})*")
_PEM: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*)-----END \1-----")
_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_UNSET_TIME: Final = "0001-01-01T00:00:00Z"


def base64_bytes(text: str) -> bytes:
    """Decode standard base64 with padding; line breaks do not count, as in Go."""
    try:
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64 (standard alphabet, padded)") from None


def hex_bytes(text: str) -> bytes:
    """Decode hexadecimal digits, two a byte."""
    if _HEX.fullmatch(text) is None:
        raise ValueError("is not hexadecimal with two digits a byte")
    return bytes.fromhex(text)


def bytes_of(node: Node) -> bytes:
    """Decode what the schema calls Bytes: base64, or an array of numbers from 0 to 255."""
    if isinstance(node.value, str):
        return base64_bytes(node.value)
    valid = (element.value for element in node.elements if not element.invalid)
    return bytes(value for value in valid if isinstance(value, int))


def pem_block(text: str, label: str) -> bytes:
    """Return the content of the first PEM block (RFC 7468), which must be of type ``label``."""
    match = _PEM.search(text)
    if match is None:
        raise ValueError(f"has no PEM block -----BEGIN {label}-----")
    if match[1] != label:
        raise ValueError(f"has a PEM block of type {match[1]}, not {label}")
    try:
        return base64.b64decode("".join(match[2].split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("has a PEM block whose content is not base64") from None


def certificate(der: bytes) -> x509.Certificate:
    """Parse a certificate."""
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("holds no X.509 certificate that parses") from None


def rsa_public_key(pem: str) -> bytes:
    """Return an RSA public key's SubjectPublicKeyInfo from PEM."""
    der = pem_block(pem, "PUBLIC KEY")
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("holds no public key that parses") from None
    if not isinstance(key, RSAPublicKey):
        raise ValueError("holds a public key that is not RSA")
    return der


def time(text: str) -> datetime | None:
    """Parse an RFC 3339 time to the second; Go's zero time is None."""
    if text == _UNSET_TIME:
        return None
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("is no RFC 3339 time such as 2030-12-31T00:00:00Z")
    try:
        return datetime.fromisoformat(match[1] + match[2]).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no time of the calendar") from None


def object_identifier(node: Node) -> str:
    """Return the dotted form of an array of numbers (X.660)."""
    arcs = [element.value for element in node.elements if isinstance(element.value, int)]
    return checked_oid(".".join(map(str, arcs)))


def checked_oid(dotted: str) -> str:
    """Return a dotted object identifier as it is, if it is one."""
    try:
        return x509.ObjectIdentifier(dotted).dotted_string
    except ValueError:
        raise ValueError("is no object identifier") from None
