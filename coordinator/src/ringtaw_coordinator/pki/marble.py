"""The certificate of a Marble, one per activation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ringtaw_coordinator.pki.authority import (
    Intermediate,
    key_identifier_of_issuer,
    load_signing_key,
)
from ringtaw_coordinator.pki.encoding import private_der, public_der
from ringtaw_coordinator.pki.fields import (
    BOTH_ROLES,
    NO_EXPIRATION,
    SIGNATURE_HASH,
    new_key,
    serial_number,
)
from ringtaw_coordinator.secrets.value import SecretValue

MARBLE_TYPE: Final = x509.ObjectIdentifier("1.3.9903.2.1")
"""Extension whose value is the Marble type as bare UTF-8, without any ASN.1 wrapping."""

_USAGE: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=True,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
_NOT_AN_AUTHORITY: Final = x509.BasicConstraints(ca=False, path_length=None)


@dataclass(frozen=True, slots=True)
class MarbleName:
    """What a Marble's certificate says of it."""

    type: str
    uuid: str


class MarbleIssuer:
    """Issues Marbles' certificates; what does not change from one to the next is made once."""

    def __init__(self, intermediate: Intermediate) -> None:
        issuer = x509.load_der_x509_certificate(intermediate.marble_root)
        self._key = load_signing_key(intermediate.private_key)
        self._organisation = tuple(issuer.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
        self._template = (
            x509.CertificateBuilder()
            .issuer_name(issuer.subject)
            .not_valid_after(NO_EXPIRATION)
            .add_extension(_USAGE, critical=True)
            .add_extension(BOTH_ROLES, critical=False)
            .add_extension(_NOT_AN_AUTHORITY, critical=True)
            .add_extension(key_identifier_of_issuer(issuer), critical=False)
        )

    def issue(
        self, marble_type: str, common_name: str, names: Sequence[x509.GeneralName]
    ) -> SecretValue:
        """Make a new P-384 key and its certificate for a Marble.

        ``common_name`` is the Marble's UUID; ``names`` become the subject alternative names.
        """
        key = new_key()
        subject = [*self._organisation, x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
        extension = x509.UnrecognizedExtension(MARBLE_TYPE, marble_type.encode())
        builder = (
            self._template.subject_name(x509.Name(subject))
            .public_key(key.public_key())
            .serial_number(serial_number())
            .not_valid_before(datetime.now(UTC))
            .add_extension(extension, critical=False)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self._key, SIGNATURE_HASH)
        return SecretValue(
            certificate=certificate.public_bytes(Encoding.DER),
            public=public_der(key.public_key()),
            private=private_der(key),
        )


def marble_name(certificate: bytes, marble_root: bytes) -> MarbleName:
    """Return whose certificate (DER) this is, which the Marble root must have issued itself.

    Certificates of secrets are issued by the same key but lack the Marble type, and those among
    them that are authorities do not count as part of a chain.

    Raises:
        ValueError: It is not a Marble's, or of another Marble root; says what is missing.
    """
    leaf, issuer = _load(certificate), x509.load_der_x509_certificate(marble_root)
    try:
        leaf.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        raise ValueError(
            "the client certificate was not issued to a Marble under the manifest in force; "
            "a Marble that was activated before the latest update has to be restarted"
        ) from None
    try:
        extension = leaf.extensions.get_extension_for_oid(MARBLE_TYPE).value
        (common_name,) = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        uuid = str(UUID(str(common_name.value)))
    except (x509.ExtensionNotFound, ValueError):
        raise ValueError("the client certificate is not a Marble's") from None
    assert isinstance(extension, x509.UnrecognizedExtension)  # noqa: S101 - its OID is private
    return MarbleName(extension.value.decode(), uuid)


def _load(certificate: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(certificate)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("the client certificate does not parse") from None
