"""Verification of collateral: signatures and chains once, the clock at every use.

What this makes does not depend on the time, so that it can be kept; the periods in which it counts
come with it. Revocation is part of it: other revocation lists make other verified collateral.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Protocol, TypeVar

from cryptography import x509

from ringtaw_attestation.certificates import ecdsa
from ringtaw_attestation.certificates.chain import Chain, verify_chain
from ringtaw_attestation.certificates.crl import RevocationList, verify_crl
from ringtaw_attestation.certificates.profile import check_may_sign, public_key_of
from ringtaw_attestation.collateral.model import Collateral, SignedDocument
from ringtaw_attestation.collateral.qe_identity import QeIdentity, parse_qe_identity
from ringtaw_attestation.collateral.tcb_info import TcbInfo, parse_tcb_info
from ringtaw_attestation.errors import Step, failure
from ringtaw_attestation.trust import TrustedRoot
from ringtaw_attestation.validity import Validity


class _Dated(Protocol):
    @property
    def issued(self) -> datetime: ...

    @property
    def next_update(self) -> datetime: ...


DocumentT = TypeVar("DocumentT", bound=_Dated)


@dataclass(frozen=True, slots=True, eq=False)
class VerifiedCollateral:
    """Collateral whose signatures lead to ``root``; it counts within all of ``periods``."""

    root: TrustedRoot
    pck_ca: x509.Certificate
    root_crl: RevocationList
    pck_crl: RevocationList
    tcb_info: TcbInfo
    qe_identity: QeIdentity
    periods: tuple[Validity, ...] = field(repr=False)

    @property
    def issue_dates(self) -> tuple[datetime, datetime, datetime, datetime]:
        """When each document was issued: newer collateral has no older one among them."""
        return (
            self.root_crl.issued,
            self.pck_crl.issued,
            self.tcb_info.issued,
            self.qe_identity.issued,
        )


@lru_cache(maxsize=64)
def verify_collateral(collateral: Collateral, roots: tuple[TrustedRoot, ...]) -> VerifiedCollateral:
    """Verify all that does not depend on the time; the last 64 results are kept.

    Raises:
        CollateralError: A document is malformed, or not signed by whom one of the roots says.
    """
    issuer = verify_chain(
        collateral.pck_crl_issuer_chain, 1, roots, Step.PCK_CRL, "issuer chain of the PCK CRL"
    )
    root_crl = verify_root_crl(collateral, issuer)
    pck_crl = verify_crl(collateral.pck_crl, issuer.leaf, Step.PCK_CRL, "PCK CRL")
    tcb_info, tcb_periods = verify_tcb_info(collateral, issuer.root, root_crl)
    qe_identity, qe_periods = verify_qe_identity(collateral, issuer.root, root_crl)
    own = (root_crl.period, pck_crl.period)
    periods = own + issuer.periods + tcb_periods + qe_periods
    return VerifiedCollateral(
        issuer.root, issuer.leaf, root_crl, pck_crl, tcb_info, qe_identity, periods
    )


def verify_root_crl(collateral: Collateral, issuer: Chain) -> RevocationList:
    """Verify the root's own revocation list, and that it does not revoke the root.

    Raises:
        CollateralError: It does not verify.
    """
    crl = verify_crl(collateral.root_crl, issuer.root.certificate, Step.ROOT_CRL, "root CRL")
    if any(crl.revokes(root) for root in (issuer.root.certificate, issuer.presented_root) if root):
        raise failure(Step.ROOT_CRL, "the root has revoked itself")
    return crl


def verify_tcb_info(
    collateral: Collateral, root: TrustedRoot, root_crl: RevocationList
) -> tuple[TcbInfo, tuple[Validity, ...]]:
    """Verify who signed the TCB info, and parse it.

    Raises:
        CollateralError: It does not verify.
    """
    return _verify_document(
        collateral.tcb_info, parse_tcb_info, root, root_crl, Step.TCB_INFO, "TCB info"
    )


def verify_qe_identity(
    collateral: Collateral, root: TrustedRoot, root_crl: RevocationList
) -> tuple[QeIdentity, tuple[Validity, ...]]:
    """Verify who signed the QE identity, and parse it.

    Raises:
        CollateralError: It does not verify.
    """
    return _verify_document(
        collateral.qe_identity, parse_qe_identity, root, root_crl, Step.QE_IDENTITY, "QE identity"
    )


def _verify_document(
    document: SignedDocument,
    parse: Callable[[bytes], DocumentT],
    root: TrustedRoot,
    root_crl: RevocationList,
    step: Step,
    what: str,
) -> tuple[DocumentT, tuple[Validity, ...]]:
    chain = verify_chain(document.issuer_chain, 1, (root,), step, f"signer's chain of the {what}")
    if root_crl.revokes(chain.leaf):
        raise failure(step, f"the signer of the {what} is revoked")
    try:
        check_may_sign(chain.leaf)
        if not ecdsa.is_valid(public_key_of(chain.leaf), document.signature, document.content):
            raise ValueError("its signature is wrong")
        parsed = parse(document.content)
    except ValueError as error:
        raise failure(step, f"{what}: {error}") from error
    period = Validity(step, what, parsed.issued, parsed.next_update)
    return parsed, (period, *chain.periods)
