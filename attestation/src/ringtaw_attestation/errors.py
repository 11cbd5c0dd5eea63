"""Errors of the attestation unit, by who is to blame.

Each says what happened and, where there is one, the next step. No other exception leaves a public
call of this package.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Step(StrEnum):
    """The steps of verifying evidence, in order. The values are stable: logs and tests name them.

    A verifier for another format may add steps of its own; they are plain strings.
    """

    QUOTE_FORMAT = "quote-format"
    """Structure, lengths, versions, key type, QE vendor, form of the certification data."""
    ROOT_CRL = "root-crl"
    """The root's revocation list: form, signature, validity."""
    PCK_CRL = "pck-crl"
    """The revocation list of the CA that issues PCK certificates, and that CA's certificate."""
    TCB_INFO = "tcb-info"
    """The signed TCB info: form, signer's chain, signature, validity."""
    QE_IDENTITY = "qe-identity"
    """The signed identity of the quoting enclave: form, signer's chain, signature, validity."""
    PCK_CHAIN = "pck-chain"
    """The platform's certificate: chain to the trusted root, validity, SGX extension."""
    PCK_REVOCATION = "pck-revocation"
    """Neither the platform's certificate nor its CA is revoked."""
    QE_REPORT_SIGNATURE = "qe-report-signature"
    """The platform's key signed the quoting enclave's report."""
    QE_REPORT_BINDING = "qe-report-binding"
    """The quoting enclave's report commits to the attestation key and authentication data."""
    QE_REPORT_IDENTITY = "qe-report-identity"
    """The quoting enclave is the one that its signed identity describes."""
    QUOTE_SIGNATURE = "quote-signature"
    """The attestation key signed the header and the body."""
    PLATFORM_TCB = "platform-tcb"
    """The TCB info is this platform's and has a level for it."""
    TDX_MODULE = "tdx-module"
    """The TDX module is one that the TCB info describes."""
    TD_ATTRIBUTES = "td-attributes"
    """The trust domain's attributes leave it protected."""
    BINDING = "binding"
    """The report data commits to the certificate or challenge at hand."""


class AttestationError(Exception):
    """Base of all errors here: one line that says what happened, and optionally what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class EvidenceError(AttestationError):
    """The evidence does not verify; ``step`` names the step that failed."""

    def __init__(self, step: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.step = step

    def __str__(self) -> str:
        return f"{self.step}: {super().__str__()}"


class CollateralError(EvidenceError):
    """A document that the collateral consists of does not verify or is out of date."""


_COLLATERAL_STEPS: Final = frozenset({Step.ROOT_CRL, Step.PCK_CRL, Step.TCB_INFO, Step.QE_IDENTITY})


def failure(step: Step, message: str, *, hint: str = "") -> EvidenceError:
    """Return the error of a failed step, of the class that blames who is to blame."""
    kind = CollateralError if step in _COLLATERAL_STEPS else EvidenceError
    return kind(step, message, hint=hint)


class BindingError(EvidenceError):
    """The evidence is genuine, but it speaks of another certificate or challenge."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(Step.BINDING, message, hint=hint)


class PolicyError(AttestationError):
    """The evidence is genuine, but the manifest does not accept it; ``field`` says why."""

    def __init__(self, field: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


class CollateralUnavailableError(AttestationError):
    """No source has usable collateral for the platform now: asking again later may help."""


class VerifierError(AttestationError):
    """The installed verifiers do not yield exactly one that can judge the evidence."""


class ConfigurationError(AttestationError):
    """A trusted root, a source of collateral or a software TEE is not set up correctly."""
