"""What a certificate says, and what that makes it among a Coordinator's certificates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

MARBLE_TYPE: Final = x509.ObjectIdentifier("1.3.9903.2.1")
"""Extension that holds a Marble's type in UTF-8 (MarbleRun)."""
_MAX_TYPE: Final = 1024
_UNREADABLE: Final = "cannot be read"
_COORDINATORS: Final = {
    ("MarbleRun Coordinator", True): "Coordinator root",
    ("MarbleRun Coordinator - Intermediate CA", False): "Coordinator intermediate",
    ("MarbleRun Coordinator - Intermediate CA", True): "Marble root",
}
"""By common name, and whether it signs itself: the CA names of MarbleRun and Ringtaw."""


def chain_facts(certificates: Sequence[x509.Certificate]) -> list[dict[str, Any]]:
    """Return what people look for in certificates, and which of them signed each.

    ``signed_by`` is that one's place in the list, from 0; None if it is not among them. Nothing
    else is verified.
    """
    return [
        {**_facts(each), "signed_by": _signer(number, certificates)}
        for number, each in enumerate(certificates)
    ]


def in_words(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts with words for the ``signed_by`` of their certificates."""
    certificates = [
        {**each, "signed_by": _signer_in_words(number, each["signed_by"])}
        for number, each in enumerate(facts["certificates"])
    ]
    return {**facts, "certificates": certificates}


def marble_type(certificate: x509.Certificate) -> str | None:
    """Return the type of a Marble; None if the certificate names none."""
    try:
        extension = certificate.extensions.get_extension_for_oid(MARBLE_TYPE).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return None
    content = extension.value if isinstance(extension, x509.UnrecognizedExtension) else b""
    return content[:_MAX_TYPE].decode("utf-8", "replace")


def _signer(number: int, certificates: Sequence[x509.Certificate]) -> int | None:
    """Return which certificate signed this one: it, or one after it, is the likeliest."""
    numbers = list(range(len(certificates)))
    for candidate in numbers[number:] + numbers[:number]:
        try:
            certificates[number].verify_directly_issued_by(certificates[candidate])
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            continue
        return candidate
    return None


def _signer_in_words(number: int, signer: int | None) -> str:
    if signer is None:
        return "none of these"
    return "itself" if signer == number else f"certificate {signer}"


def _facts(certificate: x509.Certificate) -> dict[str, Any]:
    subject, issuer = _subject(certificate), _issuer(certificate)
    common_name, signs_itself = _common_name(subject), subject is not None and subject == issuer
    kind = marble_type(certificate)
    return {
        "role": _role(certificate, common_name, signs_itself=signs_itself),
        "subject": _text(subject),
        "issuer": _text(issuer),
        "serial_number": f"{certificate.serial_number:x}",
        "not_before": _stamp(certificate.not_valid_before_utc),
        "not_after": _stamp(certificate.not_valid_after_utc),
        "names": _names(certificate),
        "key": _key(certificate),
        "sha256": certificate.fingerprint(hashes.SHA256()).hex(),
        "marble_type": kind,
        "marble_uuid": common_name if kind is not None else None,
    }


def _subject(certificate: x509.Certificate) -> x509.Name | None:
    """Return a name, None if it cannot be read: names are parsed when they are looked at."""
    try:
        return certificate.subject
    except ValueError:
        return None


def _issuer(certificate: x509.Certificate) -> x509.Name | None:
    try:
        return certificate.issuer
    except ValueError:
        return None


def _text(name: x509.Name | None) -> str:
    return _UNREADABLE if name is None else name.rfc4514_string()


def _role(certificate: x509.Certificate, common_name: str, *, signs_itself: bool) -> str:
    if marble_type(certificate) is not None:
        return "Marble"
    if not _is_ca(certificate):
        return "end entity"
    kind = "root" if signs_itself else "intermediate"
    return _COORDINATORS.get((common_name, signs_itself), kind)


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return constraints.value.ca


def _common_name(name: x509.Name | None) -> str:
    names = [] if name is None else name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return []
    dns, ips = (
        names.get_values_for_type(x509.DNSName),
        names.get_values_for_type(x509.IPAddress),
    )
    return [*dns, *map(str, ips)]


def _key(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return _UNREADABLE
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA {key.curve.name}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else type(key).__name__


def _stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
