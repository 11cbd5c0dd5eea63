"""The Marble's key pair with the certificate and the certificate request made from it.

The certificate identifies the TLS connection to the Coordinator: the quote is over its hash, so
nobody else can use the quote. The request carries the names that the issued certificate will have.
Both are written with a few lines of DER, since loading an X.509 library would make the whole start
a third longer. Profiles: RFC 5280, RFC 2986, RFC 5480.
"""

from __future__ import annotations

import os
import time
from typing import Final, NamedTuple

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ringtaw_premain import _der
from ringtaw_premain._parse import AlternativeNames

COMMON_NAME: Final = "MarbleRun Marble"
SERIAL_NUMBER_SIZE: Final = 16
_COORDINATE_SIZE: Final = 48

_ECDSA_WITH_SHA384: Final = _der.sequence(_der.object_identifier("1.2.840.10045.4.3.3"))
_P384_PUBLIC_KEY: Final = _der.sequence(
    _der.object_identifier("1.2.840.10045.2.1"), _der.object_identifier("1.3.132.0.34")
)
_DIGITAL_SIGNATURE_AND_KEY_AGREEMENT: Final = _der.bit_string(b"\x88", unused_bits=3)
_SERVER_AND_CLIENT_AUTH: Final = _der.sequence(
    _der.object_identifier("1.3.6.1.5.5.7.3.1"), _der.object_identifier("1.3.6.1.5.5.7.3.2")
)


class Identity(NamedTuple):
    """Certificate and request in DER, and the private key they belong to."""

    certificate: bytes
    request: bytes
    private_key: ec.EllipticCurvePrivateKey

    def encrypted_private_key(self, passphrase: bytes) -> bytes:
        """Return the private key as PEM of an encrypted PKCS #8 structure."""
        return self.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase),
        )


def create_identity(names: AlternativeNames) -> Identity:
    """Create a fresh P-384 key pair with its certificate and its request."""
    key = ec.generate_private_key(ec.SECP384R1())
    return Identity(_certificate(key, names), _request(key, names), key)


def sha256(content: bytes) -> bytes:
    """Return the SHA-256 digest, by the library that is loaded already."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(content)
    return digest.finalize()


def _certificate(key: ec.EllipticCurvePrivateKey, names: AlternativeNames) -> bytes:
    """RFC 5280 section 4.1: a version 3 certificate signed with its own key."""
    subject = _der.sequence(_common_name(COMMON_NAME))
    to_be_signed = _der.sequence(
        _der.tagged(0, _der.integer(2), constructed=True),
        _der.integer(int.from_bytes(os.urandom(SERIAL_NUMBER_SIZE)) or 1),
        _ECDSA_WITH_SHA384,
        subject,
        _der.sequence(_der.point_in_time(int(time.time())), _der.no_expiration()),
        subject,
        _public_key(key),
        _der.tagged(3, _certificate_extensions(names), constructed=True),
    )
    return _signed(key, to_be_signed)


def _request(key: ec.EllipticCurvePrivateKey, names: AlternativeNames) -> bytes:
    """RFC 2986 section 4: no subject, the names as extension request (RFC 2985 5.4.2)."""
    extension_request = _der.sequence(
        _der.object_identifier("1.2.840.113549.1.9.14"),
        _der.set_of(_der.sequence(_alternative_names(names))),
    )
    information = _der.sequence(
        _der.integer(0),
        _der.sequence(),
        _public_key(key),
        _der.tagged(0, extension_request, constructed=True),
    )
    return _signed(key, information)


def _signed(key: ec.EllipticCurvePrivateKey, content: bytes) -> bytes:
    signature = key.sign(content, _EcdsaWithSha384())
    return _der.sequence(content, _ECDSA_WITH_SHA384, _der.bit_string(signature))


class _EcdsaWithSha384(ec.ECDSA):
    """The signature algorithm, without what its base class loads to check for options (7 ms)."""

    def __init__(self) -> None:
        pass

    @property
    def algorithm(self) -> hashes.HashAlgorithm:
        return hashes.SHA384()

    @property
    def deterministic_signing(self) -> bool:
        return False


def _public_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """RFC 5480 section 2: SubjectPublicKeyInfo with an uncompressed point."""
    numbers = key.public_key().public_numbers()
    point = b"".join(c.to_bytes(_COORDINATE_SIZE) for c in (numbers.x, numbers.y))
    return _der.sequence(_P384_PUBLIC_KEY, _der.bit_string(b"\x04" + point))


def _common_name(text: str) -> bytes:
    name = _der.sequence(_der.object_identifier("2.5.4.3"), _der.printable_string(text))
    return _der.set_of(name)


def _certificate_extensions(names: AlternativeNames) -> bytes:
    return _der.sequence(
        _extension("2.5.29.15", _DIGITAL_SIGNATURE_AND_KEY_AGREEMENT, critical=True),
        _extension("2.5.29.37", _SERVER_AND_CLIENT_AUTH),
        _extension("2.5.29.19", _der.sequence(), critical=True),
        _alternative_names(names),
    )


def _alternative_names(names: AlternativeNames) -> bytes:
    """RFC 5280 section 4.2.1.6: dNSName is tag 2, iPAddress tag 7."""
    encoded = [_der.tagged(2, name.encode("ascii")) for name in names.dns_names]
    encoded += [_der.tagged(7, packed) for packed in names.ip_addresses]
    return _extension("2.5.29.17", _der.sequence(*encoded))


def _extension(identifier: str, content: bytes, *, critical: bool = False) -> bytes:
    flag = _der.boolean(True) if critical else b""
    return _der.sequence(_der.object_identifier(identifier), flag, _der.octet_string(content))
