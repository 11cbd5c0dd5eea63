"""The steps from the platform's key to the quote: the quoting enclave and its attestation key."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric import ec

from ringtaw_attestation.certificates import ecdsa
from ringtaw_attestation.collateral.qe_identity import QeIdentity
from ringtaw_attestation.collateral.tcb_info import SvnLevel
from ringtaw_attestation.errors import EvidenceError, Step
from ringtaw_attestation.quote.parse import Quote, Tee
from ringtaw_attestation.quote.sgx import EnclaveReport
from ringtaw_attestation.quote.signature import QuoteSignature
from ringtaw_attestation.status import TcbAssessment


def check_qe_report_signature(parts: QuoteSignature, key: ec.EllipticCurvePublicKey) -> None:
    """Check that the platform's key signed the quoting enclave's report.

    Raises:
        EvidenceError: It did not.
    """
    if not ecdsa.is_valid(key, parts.qe_report_signature, parts.raw_qe_report):
        raise EvidenceError(
            Step.QE_REPORT_SIGNATURE, "the QE report is not signed by the platform's key"
        )


def check_qe_report_binding(parts: QuoteSignature, report: EnclaveReport) -> None:
    """Check that the quoting enclave's report commits to the attestation key.

    Its report data are SHA-256 of the key and the authentication data, then 32 zeros.

    Raises:
        EvidenceError: It does not.
    """
    digest = hashlib.sha256(parts.attestation_key + parts.authentication_data).digest()
    if not hmac.compare_digest(report.report_data, digest + bytes(32)):
        raise EvidenceError(
            Step.QE_REPORT_BINDING, "the QE report does not commit to the attestation key"
        )


def assess_qe(report: EnclaveReport, identity: QeIdentity, tee: Tee) -> TcbAssessment:
    """Check that the quoting enclave is the genuine one, and return how current it is.

    Raises:
        EvidenceError: It is another enclave, a debug one, or older than any known level.
    """
    _check_identity(report, identity, tee)
    return assess_svn(report.isv_svn, identity.levels, Step.QE_REPORT_IDENTITY, "quoting enclave")


def assess_svn(svn: int, levels: tuple[SvnLevel, ...], step: Step, what: str) -> TcbAssessment:
    """Return the assessment of the first level that a security version meets.

    Raises:
        EvidenceError: It meets none.
    """
    for level in levels:
        if svn >= level.isv_svn:
            return level.assessment
    raise EvidenceError(step, f"the {what}'s security version {svn} is below all known levels")


def check_quote_signature(quote: Quote) -> None:
    """Check that the attestation key signed header and body.

    Raises:
        EvidenceError: It did not, or is no key.
    """
    try:
        key = ecdsa.load_key(quote.signature.attestation_key)
    except ValueError as error:
        raise EvidenceError(Step.QUOTE_SIGNATURE, "the attestation key is not a key") from error
    if not ecdsa.is_valid(key, quote.signature.signature, quote.signed):
        raise EvidenceError(
            Step.QUOTE_SIGNATURE, "header and body are not signed by the attestation key"
        )


def _check_identity(report: EnclaveReport, identity: QeIdentity, tee: Tee) -> None:
    if identity.tee is not tee:
        _refuse(f"the QE identity is for {identity.tee}, the quote is of {tee}")
    if report.debug:
        _refuse("the quoting enclave is a debug enclave")
    if report.mr_signer != identity.mr_signer:
        _refuse(f"the quoting enclave is signed by {report.mr_signer.hex()}")
    if report.isv_product_id != identity.isv_product_id:
        _refuse(f"the quoting enclave's product id is {report.isv_product_id}")
    if (report.misc_select ^ identity.misc_select) & identity.misc_select_mask:
        _refuse("the quoting enclave's MISCSELECT is another one")
    if not equal_under_mask(report.attributes, identity.attributes, identity.attributes_mask):
        _refuse("the quoting enclave's attributes are others")


def equal_under_mask(actual: bytes, expected: bytes, mask: bytes) -> bool:
    """Whether bytes of the same length are equal in all bits that the mask has."""
    return all(
        (one ^ other) & bits == 0 for one, other, bits in zip(actual, expected, mask, strict=True)
    )


def _refuse(message: str) -> None:
    raise EvidenceError(Step.QE_REPORT_IDENTITY, message)
