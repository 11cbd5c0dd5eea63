"""Verification of one quote, from top to bottom.

Everything the quote claims is unproven until :func:`verify_quote` returns: what the steps pass on
to each other is what makes the next one meaningful, so their order is part of the result.
"""

from __future__ import annotations

from datetime import datetime

from ringtaw_attestation.collateral.model import Collateral
from ringtaw_attestation.collateral.verified import VerifiedCollateral, verify_collateral
from ringtaw_attestation.dcap.pck import VerifiedPck, verify_pck_chain
from ringtaw_attestation.dcap.quoting_enclave import (
    assess_qe,
    check_qe_report_binding,
    check_qe_report_signature,
    check_quote_signature,
)
from ringtaw_attestation.dcap.tcb import assess_platform
from ringtaw_attestation.dcap.tdx import assess_tdx_module, check_td_attributes
from ringtaw_attestation.quote.parse import Quote, parse_quote
from ringtaw_attestation.quote.sgx import EnclaveReport
from ringtaw_attestation.quote.tdx import TdReport
from ringtaw_attestation.report import EnclaveIdentity, Platform, Report
from ringtaw_attestation.status import TcbAssessment
from ringtaw_attestation.trust import INTEL_SGX_ROOT_CA, TrustedRoot
from ringtaw_attestation.validity import check_validity, earliest_end, latest_start


def verify_quote(
    evidence: bytes,
    collateral: Collateral,
    time: datetime,
    roots: tuple[TrustedRoot, ...] = (INTEL_SGX_ROOT_CA,),
) -> Report:
    """Verify an SGX quote (version 3) or TDX quote (4, 5), with or without Open Enclave header.

    Offline: everything comes from the arguments. ``time`` must know its time zone. A TCB status
    other than ``UpToDate`` and a debug enclave are results for policy to judge, not errors.

    Raises:
        EvidenceError: A step failed; names it. A CollateralError where the collateral is to blame.
    """
    return verify_parsed_quote(parse_quote(evidence), collateral, time, roots)


def verify_parsed_quote(
    quote: Quote, collateral: Collateral, time: datetime, roots: tuple[TrustedRoot, ...]
) -> Report:
    """Verify a quote that is already parsed; see :func:`verify_quote`."""
    verified = verify_collateral(collateral, roots)
    pck = verify_pck_chain(quote.signature.pck_chain, verified)
    periods = verified.periods + pck.periods
    check_validity(periods, time)

    qe_report = quote.signature.qe_report
    check_qe_report_signature(quote.signature, pck.key)
    check_qe_report_binding(quote.signature, qe_report)
    assessments = {"qe": assess_qe(qe_report, verified.qe_identity, quote.header.tee)}
    check_quote_signature(quote)
    assessments |= _assess(quote, pck, verified)

    return Report(
        format=f"{quote.header.tee}-dcap",
        identity=_identity(quote.body),
        debug=quote.body.debug,
        report_data=quote.body.report_data,
        tcb=_combined(assessments),
        root=verified.root,
        valid_from=latest_start(periods),
        valid_until=earliest_end(periods),
        tcb_parts=assessments,
        tcb_evaluation_number=verified.tcb_info.evaluation_number,
        platform=_platform(pck, qe_report),
        body=quote.body,
    )


def _assess(
    quote: Quote, pck: VerifiedPck, verified: VerifiedCollateral
) -> dict[str, TcbAssessment]:
    """Assess the platform, and what only TDX has."""
    tee, body, tcb_info = quote.header.tee, quote.body, verified.tcb_info
    if isinstance(body, EnclaveReport):
        return {"platform": assess_platform(pck.extension, tcb_info, tee)}
    check_td_attributes(body)
    return {
        "platform": assess_platform(pck.extension, tcb_info, tee, body.tee_tcb_svn),
        "tdx-module": assess_tdx_module(body, tcb_info),
    }


def _combined(assessments: dict[str, TcbAssessment]) -> TcbAssessment:
    combined = assessments["platform"]
    for part in ("tdx-module", "qe"):
        if part in assessments:
            combined = combined.combined_with(assessments[part])
    return combined


def _identity(body: EnclaveReport | TdReport) -> EnclaveIdentity | None:
    if isinstance(body, TdReport):
        return None
    return EnclaveIdentity(body.mr_enclave, body.mr_signer, body.isv_product_id, body.isv_svn)


def _platform(pck: VerifiedPck, qe_report: EnclaveReport) -> Platform:
    extension = pck.extension
    return Platform(
        cpu_svn=extension.components,
        pce_svn=extension.pce_svn,
        qe_svn=qe_report.isv_svn,
        fmspc=extension.fmspc,
        pce_id=extension.pce_id,
        pck=extension,
    )
