"""Certificate chains of the fixed shapes that DCAP uses, checked against a trusted root.

Leaf first, each certificate issued by the next (RFC 5280). There is no path building: a chain has
its shape or is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from ringtaw_attestation.certificates.pem import split_chain
from ringtaw_attestation.certificates.profile import (
    PARSE_ERRORS,
    check_authority,
    check_issued,
    load_certificate,
)
from ringtaw_attestation.errors import Step, failure
from ringtaw_attestation.trust import TrustedRoot
from ringtaw_attestation.validity import Validity


@dataclass(frozen=True, slots=True)
class Chain:
    """A verified chain: leaf first, without the root."""

    certificates: tuple[x509.Certificate, ...]
    root: TrustedRoot
    presented_root: x509.Certificate | None
    periods: tuple[Validity, ...]

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate that the chain is about."""
        return self.certificates[0]


def load_chain(text: bytes, step: Step, what: str) -> tuple[x509.Certificate, ...]:
    """Parse a PEM chain.

    Raises:
        EvidenceError: It is malformed.
    """
    try:
        return tuple(load_certificate(der) for der in split_chain(text))
    except PARSE_ERRORS as error:
        raise failure(step, f"{what} is malformed: {error}") from error


def verify_chain(
    text: bytes, depth: int, roots: Iterable[TrustedRoot], step: Step, what: str
) -> Chain:
    """Verify a PEM chain of ``depth`` certificates below a trusted root, which may follow them.

    All above the leaf must be CAs. Periods of validity are returned, not checked.

    Raises:
        EvidenceError: It is malformed, or does not end in one of the roots.
    """
    presented = load_chain(text, step, what)
    if len(presented) not in (depth, depth + 1):
        raise failure(step, f"{what} has {len(presented)} certificates, not {depth} and a root")
    chain, own_root = presented[:depth], presented[depth:]
    try:
        root = _find_root(presented, depth, roots, step, what)
        issuers = (*chain[1:], root.certificate)
        for below, (certificate, issuer) in enumerate(zip(chain, issuers, strict=True)):
            check_issued(certificate, issuer)
            check_authority(issuer, below)
        for certificate in own_root:
            check_issued(certificate, root.certificate)
    except (*PARSE_ERRORS, InvalidSignature) as error:
        raise failure(step, f"{what}: {_reason(error)}") from error
    periods = _periods((*presented, root.certificate), step, what)
    return Chain(chain, root, own_root[0] if own_root else None, periods)


def _find_root(
    presented: tuple[x509.Certificate, ...],
    depth: int,
    roots: Iterable[TrustedRoot],
    step: Step,
    what: str,
) -> TrustedRoot:
    for root in roots:
        if _ends_in(presented, depth, root):
            return root
    raise failure(
        step,
        f"{what} does not end in a trusted root but in {presented[-1].issuer.rfc4514_string()!r}",
        hint="a root other than Intel's must be configured explicitly",
    )


def _ends_in(presented: tuple[x509.Certificate, ...], depth: int, root: TrustedRoot) -> bool:
    """Whether the chain brings this root along or, without any, was issued by it."""
    if len(presented) > depth:
        return root.is_same_authority(presented[depth])
    try:
        presented[-1].verify_directly_issued_by(root.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _periods(
    certificates: Iterable[x509.Certificate], step: Step, what: str
) -> tuple[Validity, ...]:
    return tuple(
        Validity(step, what, certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        for certificate in certificates
    )


def _reason(error: Exception) -> str:
    return "a signature is wrong" if isinstance(error, InvalidSignature) else str(error)
