"""Errors of the premain and its adapters, by who is to blame.

Each says what happened and, where there is one, the next step. No other exception leaves a public
call of this package. :data:`PremainError.exit_code` is the process's exit status.
"""

from __future__ import annotations

from typing import ClassVar, Final

EXIT_PREMAIN_FAILED: Final = 125
EXIT_CANNOT_EXECUTE: Final = 126
EXIT_PROGRAM_NOT_FOUND: Final = 127


class PremainError(Exception):
    """Base of all errors here: one line that says what happened, and optionally what to do."""

    exit_code: ClassVar[int] = EXIT_PREMAIN_FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class SettingsError(PremainError):
    """A setting of the user is missing or wrong."""


class AdapterError(PremainError):
    """The adapters that are installed do not yield exactly one that can be used."""


class PlatformError(PremainError):
    """The libOS or the host did not do what it should."""


class EvidenceUnavailableError(PlatformError):
    """The platform gave no quote."""


class NoSealingKeyError(PlatformError):
    """What this process runs in has no sealing keys by its nature, and never will have any."""


class TransportError(PremainError):
    """The conversation with the Coordinator broke or was malformed."""


class UnreachableError(TransportError):
    """No Coordinator answered (gRPC UNAVAILABLE): worth another attempt."""


class PeerError(TransportError):
    """The Coordinator is not the one that was pinned."""


class RefusedError(PremainError):
    """The Coordinator refused the activation; asking again would not help.

    ``status`` is the name of the gRPC status code, ``details`` the Coordinator's words.
    """

    def __init__(self, status: str, details: str) -> None:
        super().__init__(f"the Coordinator refused the activation: {status}: {details}")
        self.status = status
        self.details = details


class PolicyError(PremainError):
    """What the manifest asks for cannot be done here, so nothing is started."""


class ProgramNotFoundError(PremainError):
    """The application does not exist."""

    exit_code: ClassVar[int] = EXIT_PROGRAM_NOT_FOUND


class CannotExecuteError(PremainError):
    """The application exists but cannot be executed."""

    exit_code: ClassVar[int] = EXIT_CANNOT_EXECUTE
