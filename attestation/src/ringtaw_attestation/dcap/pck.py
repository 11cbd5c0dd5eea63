"""The step from the trusted root to the platform's key: the PCK certificate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from ringtaw_attestation.certificates.chain import Chain, verify_chain
from ringtaw_attestation.certificates.pck import PckExtension, parse_pck_extension
from ringtaw_attestation.certificates.pem import split_chain
from ringtaw_attestation.certificates.profile import (
    PARSE_ERRORS,
    check_may_sign,
    load_certificate,
    public_key_of,
)
from ringtaw_attestation.collateral.model import PckCa, PlatformKind
from ringtaw_attestation.collateral.verified import VerifiedCollateral
from ringtaw_attestation.errors import EvidenceError, Step
from ringtaw_attestation.quote.parse import Quote, parse_quote
from ringtaw_attestation.trust import SOFTWARE_TEE, TrustedRoot
from ringtaw_attestation.validity import Validity

_WHAT = "PCK certificate chain"


@dataclass(frozen=True, slots=True)
class VerifiedPck:
    """A verified PCK certificate: the platform's key and what it says about the platform."""

    key: ec.EllipticCurvePublicKey
    extension: PckExtension
    periods: tuple[Validity, ...]


def platform_kind(quote: Quote, roots: tuple[TrustedRoot, ...]) -> PlatformKind:
    """Return which collateral a quote needs.

    The chain must lead to a trusted root, so that nobody else can make us ask for collateral.
    Nothing more is verified: wrong collateral fails verification.

    Raises:
        EvidenceError: The PCK certificate cannot be read, or is of no trusted root.
    """
    leaf = _verified_chain(quote.signature.pck_chain, roots).leaf
    is_platform_ca = "Platform CA" in leaf.issuer.rfc4514_string()
    ca = PckCa.PLATFORM if is_platform_ca else PckCa.PROCESSOR
    return PlatformKind(quote.header.tee, ca, _extension(leaf).fmspc.hex().upper())


@lru_cache(maxsize=1024)
def verify_pck_chain(text: bytes, collateral: VerifiedCollateral) -> VerifiedPck:
    """Verify a PEM chain against verified collateral; the last 1024 results are kept.

    What is kept is bound to the collateral it was verified with, revocation lists included.
    Periods of validity are returned, not checked.

    Raises:
        EvidenceError: The chain does not lead to the collateral's root, or is revoked.
    """
    chain = _verified_chain(text, (collateral.root,))
    _check_same_ca(chain, collateral)
    check_revocation(chain, collateral)
    try:
        check_may_sign(chain.leaf)
        key = public_key_of(chain.leaf)
    except ValueError as error:
        raise EvidenceError(Step.PCK_CHAIN, f"PCK certificate: {error}") from error
    return VerifiedPck(key, _extension(chain.leaf), chain.periods)


def check_revocation(chain: Chain, collateral: VerifiedCollateral) -> None:
    """Check that neither the PCK certificate nor its CA is revoked.

    Raises:
        EvidenceError: One is.
    """
    if collateral.root_crl.revokes(chain.certificates[1]):
        raise EvidenceError(Step.PCK_REVOCATION, "the CA of the PCK certificate is revoked")
    if collateral.pck_crl.revokes(chain.leaf):
        raise EvidenceError(Step.PCK_REVOCATION, "the platform's PCK certificate is revoked")


def claims_software_tee(evidence: bytes) -> bool:
    """Whether a quote says of itself that a software TEE made it. Nothing is verified."""
    try:
        last = split_chain(parse_quote(evidence).signature.pck_chain)[-1]
        issuer = load_certificate(last).issuer.rfc4514_string()
    except (EvidenceError, *PARSE_ERRORS):
        return False
    return SOFTWARE_TEE.lower() in issuer.lower()


@lru_cache(maxsize=1024)
def _verified_chain(text: bytes, roots: tuple[TrustedRoot, ...]) -> Chain:
    """Verify names and signatures, which neither time nor revocation changes."""
    return verify_chain(text, 2, roots, Step.PCK_CHAIN, _WHAT)


def _check_same_ca(chain: Chain, collateral: VerifiedCollateral) -> None:
    """Check that the PCK CRL is that of the CA which issued the PCK certificate."""
    ca = chain.certificates[1]
    if ca.subject != collateral.pck_ca.subject or ca.public_key() != (
        collateral.pck_ca.public_key()
    ):
        raise EvidenceError(
            Step.PCK_CHAIN,
            f"issued by {ca.subject.rfc4514_string()!r}, but the PCK CRL is another CA's",
        )


def _extension(leaf: x509.Certificate) -> PckExtension:
    try:
        return parse_pck_extension(leaf)
    except (ValueError, x509.DuplicateExtension) as error:
        raise EvidenceError(Step.PCK_CHAIN, f"PCK certificate: {error}") from error
