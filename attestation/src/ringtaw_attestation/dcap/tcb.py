"""The platform's TCB level, for SGX and TDX alike.

Algorithm: Intel SGX and Intel TDX Provisioning Certification Service API, version 4, "Get TCB
Info".
"""

from __future__ import annotations

from ringtaw_attestation.certificates.pck import PckExtension
from ringtaw_attestation.collateral.tcb_info import TcbInfo, TcbLevel
from ringtaw_attestation.errors import EvidenceError, Step
from ringtaw_attestation.quote.parse import Tee
from ringtaw_attestation.status import TcbAssessment


def assess_platform(
    pck: PckExtension, tcb_info: TcbInfo, tee: Tee, tee_tcb_svn: bytes = b""
) -> TcbAssessment:
    """Return the assessment of the first level whose security versions the platform all meets.

    ``tee_tcb_svn`` is a trust domain's; in SGX it is empty.

    Raises:
        EvidenceError: The TCB info is another platform's, or the platform is below all levels.
    """
    if tcb_info.tee is not tee:
        raise _failed(f"the TCB info is for {tcb_info.tee}, the quote is of {tee}")
    if (tcb_info.fmspc, tcb_info.pce_id) != (pck.fmspc, pck.pce_id):
        raise _failed(
            f"the TCB info is for FMSPC {tcb_info.fmspc.hex()} and PCE {tcb_info.pce_id.hex()}, "
            f"the platform is {pck.fmspc.hex()} and {pck.pce_id.hex()}"
        )
    for level in tcb_info.levels:
        if _meets(pck, tee_tcb_svn, level):
            return level.assessment
    raise _failed("the platform's security versions are below all known levels")


def _meets(pck: PckExtension, tee_tcb_svn: bytes, level: TcbLevel) -> bool:
    return (
        pck.pce_svn >= level.pce_svn
        and at_least(pck.components, level.components)
        and _tdx_at_least(tee_tcb_svn, level.tdx_components)
    )


def _tdx_at_least(tee_tcb_svn: bytes, required: bytes) -> bool:
    """Compare all, or without the first two where a module identity judges those.

    A TDX module that has a version, in the second place, has an identity of its own with levels.
    """
    first = 2 if tee_tcb_svn[1:2] > b"\0" else 0
    return at_least(tee_tcb_svn[first:], required[first:])


def at_least(actual: bytes, required: bytes) -> bool:
    """Whether every component is at least as high as the required one; lengths must agree."""
    return len(actual) == len(required) and all(
        one >= other for one, other in zip(actual, required, strict=True)
    )


def _failed(message: str) -> EvidenceError:
    return EvidenceError(Step.PLATFORM_TCB, message)
