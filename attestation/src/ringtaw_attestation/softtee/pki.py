"""Certificates and revocation lists of a software TEE, in the profile of Intel's.

Intel's "SGX PCK Certificate and Certificate Revocation List Profile Specification". Their names
say what they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ringtaw_attestation.certificates.pck import SGX_EXTENSION
from ringtaw_attestation.softtee.extension import encode_sgx_extension
from ringtaw_attestation.softtee.platform import SoftwarePlatform

NOT_BEFORE: Final = datetime(2024, 1, 1, tzinfo=UTC)
NOT_AFTER: Final = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)

ROOT: Final = "root CA"
TCB_SIGNER: Final = "TCB signing"
PCK: Final = "PCK certificate"


@dataclass(frozen=True, slots=True)
class Identity:
    """A key and the certificate for it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM)


@dataclass(frozen=True, slots=True)
class Request:
    """What a certificate shall say."""

    role: str
    key: ec.EllipticCurvePrivateKey
    serial_number: int
    not_after: datetime = NOT_AFTER
    path_length: int | None = None
    """None for a certificate that is no CA's."""
    platform: SoftwarePlatform | None = None
    """For a PCK certificate: the platform of the SGX extension."""


def issue(request: Request, issuer: Identity | None = None) -> Identity:
    """Issue a certificate, signed by itself without an issuer."""
    subject = _name(request.role)
    signer = issuer.key if issuer else request.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(request.key.public_key())
        .serial_number(request.serial_number)
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(request.not_after)
    )
    for extension, critical in _extensions(request, signer):
        builder = builder.add_extension(extension, critical)
    return Identity(request.key, builder.sign(signer, hashes.SHA256(), ecdsa_deterministic=True))


def revocation_list(
    issuer: Identity, issued: datetime, next_update: datetime, revoked: Iterable[int]
) -> bytes:
    """Return a revocation list in DER that revokes these serial numbers."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(issued)
        .next_update(next_update)
        .add_extension(x509.CRLNumber(int(issued.timestamp())), critical=False)
        .add_extension(_authority_key(issuer.key), critical=False)
    )
    for serial_number in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial_number)
        builder = builder.add_revoked_certificate(entry.revocation_date(issued).build())
    crl = builder.sign(issuer.key, hashes.SHA256(), ecdsa_deterministic=True)
    return crl.public_bytes(Encoding.DER)


def _name(role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Ringtaw software TEE {role}"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "software TEE: protects nothing"),
        ]
    )


def _extensions(
    request: Request, signer: ec.EllipticCurvePrivateKey
) -> list[tuple[x509.ExtensionType, bool]]:
    is_ca = request.path_length is not None
    subject_key = x509.SubjectKeyIdentifier.from_public_key(request.key.public_key())
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (_authority_key(signer), False),
        (subject_key, False),
        (_key_usage(is_ca), True),
        (x509.BasicConstraints(is_ca, request.path_length), True),
    ]
    if request.platform is not None:
        value = encode_sgx_extension(request.platform)
        extensions.append((x509.UnrecognizedExtension(SGX_EXTENSION, value), False))
    return extensions


def _authority_key(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _key_usage(is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=not is_ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
