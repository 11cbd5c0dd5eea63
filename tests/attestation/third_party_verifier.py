"""A verifier as somebody else would write it: for evidence that is text and a signature."""

from __future__ import annotations

from ringtaw_attestation import (
    EvidenceError,
    Report,
    TcbAssessment,
    TcbStatus,
    VerificationContext,
    Verifier,
)
from ringtaw_attestation.hookspecs import API_VERSION, hookimpl

PREFIX = b"third party evidence: "


class Hooks:
    """Recognises a prefix, and trusts whatever follows it."""

    @hookimpl
    def recognises(self, evidence: bytes) -> bool:
        return evidence.startswith(PREFIX)

    @hookimpl
    def verify(self, evidence: bytes, context: VerificationContext) -> Report:
        report_data = evidence.removeprefix(PREFIX)
        if not report_data:
            raise EvidenceError("third-party-step", "nothing follows")
        if report_data == b"crash":
            raise KeyError("a defect")
        return Report(
            format="third-party",
            identity=None,
            debug=False,
            report_data=report_data,
            tcb=TcbAssessment(TcbStatus.UP_TO_DATE),
            root=context.roots[0],
            valid_from=context.time,
            valid_until=context.time,
        )


class Incomplete:
    """Lacks a hook."""

    @hookimpl
    def recognises(self, evidence: bytes) -> bool:
        return bool(evidence)


class Misspelt(Hooks):
    """Has a hook that does not exist."""

    @hookimpl
    def recognizes(self, evidence: bytes) -> bool:
        return bool(evidence)


class Silent:
    """Returns nothing."""

    @hookimpl
    def recognises(self, evidence: bytes) -> bool:
        return bool(evidence)

    @hookimpl
    def verify(self, evidence: bytes, context: VerificationContext) -> None:
        return None


VERIFIER = Verifier("third-party", "An example", API_VERSION, f"{__name__}:Hooks")
