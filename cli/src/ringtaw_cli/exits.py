"""Exit codes, and which error of which unit ends with which."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """What ``ringtaw`` tells scripts. ``run`` passes on the application's own code."""

    OK = 0
    FAILED = 1
    USAGE = 2
    EVIDENCE_REJECTED = 10
    POLICY_MISMATCH = 11
    UNREACHABLE = 12
    NOT_AUTHORISED = 13
    CANNOT_EXECUTE = 126
    PROGRAM_NOT_FOUND = 127


MEANINGS: Final[dict[ExitCode, str]] = {
    ExitCode.OK: "It worked, and nothing was found to be wrong.",
    ExitCode.FAILED: "It did not work; stderr says why.",
    ExitCode.USAGE: "The command line is wrong.",
    ExitCode.EVIDENCE_REJECTED: "A peer has not proved what it is: believe nothing it says.",
    ExitCode.POLICY_MISMATCH: "Something is not what it should be, such as a file that was "
    "checked.",
    ExitCode.UNREACHABLE: "No answer came, or not in time.",
    ExitCode.NOT_AUTHORISED: "The Coordinator does not know the caller, or permits it less.",
    ExitCode.CANNOT_EXECUTE: "`run`: the libOS is installed and cannot be executed.",
    ExitCode.PROGRAM_NOT_FOUND: "`run`: the libOS is not installed.",
}

BY_ERROR: Final[dict[str, ExitCode]] = {
    "ringtaw_attestation.errors:EvidenceError": ExitCode.EVIDENCE_REJECTED,
    "ringtaw_attestation.errors:PolicyError": ExitCode.POLICY_MISMATCH,
    "ringtaw_attestation.errors:CollateralUnavailableError": ExitCode.UNREACHABLE,
    "ringtaw_attestation.errors:AttestationError": ExitCode.FAILED,
    "ringtaw_client.errors:EvidenceRejectedError": ExitCode.EVIDENCE_REJECTED,
    "ringtaw_client.errors:PolicyMismatchError": ExitCode.POLICY_MISMATCH,
    "ringtaw_client.errors:UnreachableError": ExitCode.UNREACHABLE,
    "ringtaw_client.errors:NotAuthorisedError": ExitCode.NOT_AUTHORISED,
    "ringtaw_client.errors:ClientError": ExitCode.FAILED,
    "ringtaw_premain.errors:ProgramNotFoundError": ExitCode.PROGRAM_NOT_FOUND,
    "ringtaw_premain.errors:CannotExecuteError": ExitCode.CANNOT_EXECUTE,
    "ringtaw_premain.errors:PolicyError": ExitCode.POLICY_MISMATCH,
    "ringtaw_premain.errors:PeerError": ExitCode.EVIDENCE_REJECTED,
    "ringtaw_premain.errors:UnreachableError": ExitCode.UNREACHABLE,
    "ringtaw_premain.errors:PremainError": ExitCode.FAILED,
}
"""By name, so that no unit is loaded to say how its errors end; the nearest class counts."""


def exit_code(error: BaseException) -> ExitCode | None:
    """Return the exit code of an error that was foreseen; None for any other."""
    for kind in type(error).__mro__:
        code = BY_ERROR.get(f"{kind.__module__}:{kind.__qualname__}")
        if code is not None:
            return code
    return None
