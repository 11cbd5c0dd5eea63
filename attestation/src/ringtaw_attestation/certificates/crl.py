"""Certificate revocation lists (RFC 5280, section 5), complete ones only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.x509.oid import SignatureAlgorithmOID

from ringtaw_attestation.certificates.profile import (
    PARSE_ERRORS,
    check_signature_encoding,
    public_key_of,
)
from ringtaw_attestation.errors import Step, failure
from ringtaw_attestation.validity import Validity

MAX_CRL_SIZE: Final = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A verified list: the serial numbers that its issuer has revoked, and when it counts."""

    revoked: frozenset[int] = field(repr=False)
    issued: datetime
    period: Validity

    def revokes(self, certificate: x509.Certificate) -> bool:
        """Whether a certificate of this list's issuer is revoked."""
        return certificate.serial_number in self.revoked


def verify_crl(der: bytes, issuer: x509.Certificate, step: Step, what: str) -> RevocationList:
    """Verify a list in DER. Its period of validity is returned, not checked.

    Raises:
        CollateralError: It is malformed, partial, or not signed by the issuer.
    """
    if len(der) > MAX_CRL_SIZE:
        raise failure(step, f"{what} is longer than {MAX_CRL_SIZE} bytes")
    try:
        crl = x509.load_der_x509_crl(der)
        check_signature_encoding(der, crl.signature)
        _check_signature(crl, issuer)
        return RevocationList(
            frozenset(entry.serial_number for entry in crl),
            crl.last_update_utc,
            Validity(step, what, crl.last_update_utc, _next_update(crl)),
        )
    except PARSE_ERRORS as error:
        raise failure(step, f"{what}: {error}") from error


def _check_signature(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> None:
    if crl.issuer != issuer.subject:
        raise ValueError(f"issued by {crl.issuer.rfc4514_string()!r}, not by this chain's CA")
    if crl.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise ValueError("not signed with ECDSA and SHA-256")
    if not issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign:
        raise ValueError("its issuer may not sign revocation lists")
    if not crl.is_signature_valid(public_key_of(issuer)):
        raise ValueError("its signature is wrong")
    if any(extension.critical for extension in crl.extensions):
        raise ValueError("has a critical extension: it may not be complete")


def _next_update(crl: x509.CertificateRevocationList) -> datetime:
    if crl.next_update_utc is None:
        raise ValueError("says nothing about its next update")
    return crl.next_update_utc
