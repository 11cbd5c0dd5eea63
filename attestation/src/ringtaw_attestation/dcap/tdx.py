"""What only TDX has: the TDX module's identity and the trust domain's attributes."""

from __future__ import annotations

from typing import Final

from ringtaw_attestation.collateral.tcb_info import TcbInfo, TdxModule
from ringtaw_attestation.dcap.quoting_enclave import assess_svn, equal_under_mask
from ringtaw_attestation.errors import EvidenceError, Step
from ringtaw_attestation.quote.tdx import TdReport
from ringtaw_attestation.status import TcbAssessment, TcbStatus

DEBUG: Final = 1 << 0
SEPT_VE_DISABLE: Final = 1 << 28
PROTECTION_KEYS: Final = 1 << 30
KEY_LOCKER: Final = 1 << 31
PERFMON: Final = 1 << 63
_KNOWN: Final = DEBUG | SEPT_VE_DISABLE | PROTECTION_KEYS | KEY_LOCKER | PERFMON


def assess_tdx_module(report: TdReport, tcb_info: TcbInfo) -> TcbAssessment:
    """Check that the TDX module is a known one, and return how current it is.

    The first two of the TEE's security versions are the module's security version and its version;
    a module of version 0 has no levels of its own (its security version is in the platform's).
    Intel SGX and Intel TDX Provisioning Certification Service API, version 4, "Get TCB Info".

    Raises:
        EvidenceError: The TCB info does not describe this module.
    """
    svn, version = report.tee_tcb_svn[0], report.tee_tcb_svn[1]
    module = tcb_info.modules.get(version)
    if module is None:
        raise _failed(f"the TCB info describes no TDX module of version {version}")
    _check_module(report, module)
    if version == 0:
        return TcbAssessment(TcbStatus.UP_TO_DATE)
    return assess_svn(svn, module.levels, Step.TDX_MODULE, "TDX module")


def check_td_attributes(report: TdReport) -> None:
    """Check the attributes that leave a trust domain unprotected whatever a policy says.

    Debugging is not among them: it is reported, as for enclaves, and judged by policy.
    Intel TDX Module Base Architecture Specification, ATTRIBUTES.

    Raises:
        EvidenceError: A service TD may move the trust domain, the host may inject #VE, or a bit is
            set whose meaning is not known here.
    """
    attributes = int.from_bytes(report.td_attributes, "little")
    if attributes & ~_KNOWN:
        _refuse(f"attributes {attributes & ~_KNOWN:#x} are not known to be harmless")
    if not attributes & SEPT_VE_DISABLE:
        _refuse("SEPT_VE_DISABLE is off: the host can inject exceptions")
    if report.mr_service_td is not None and any(report.mr_service_td):
        _refuse("a service TD is bound to the trust domain")


def _check_module(report: TdReport, module: TdxModule) -> None:
    if report.mr_signer_seam != module.mr_signer:
        raise _failed(f"the TDX module is signed by {report.mr_signer_seam.hex()}")
    mask = module.attributes_mask
    if not equal_under_mask(report.seam_attributes, module.attributes, mask):
        raise _failed("the TDX module's attributes are others")
    if not equal_under_mask(report.seam_attributes, bytes(8), bytes(0xFF - bits for bits in mask)):
        raise _failed("the TDX module has attributes that the TCB info does not know")


def _failed(message: str) -> EvidenceError:
    return EvidenceError(Step.TDX_MODULE, message)


def _refuse(message: str) -> None:
    raise EvidenceError(Step.TD_ATTRIBUTES, message)
