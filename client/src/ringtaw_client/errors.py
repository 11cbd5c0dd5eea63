"""Errors of the client, by who is to blame. No other exception leaves a public call.

Programs that end with an exit code map them one to one: 10 evidence rejected, 11 policy mismatch,
12 unreachable, 13 not authorised; everything else is an ordinary failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringtaw_client.checks import Check


class ClientError(Exception):
    """Base of all errors here: where it happened, what happened, and where known what to do.

    None of these texts contains a secret; what a Coordinator wrote has no control characters.
    """

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} ({self.hint})" if self.hint else text


class InputError(ClientError):
    """What the caller gave cannot be used: an address, a policy, a credential, a directory."""


class EvidenceRejectedError(ClientError):
    """The Coordinator has not proved what it is: nothing it says may be believed.

    ``checks`` are those made so far, the failed one last.
    """

    def __init__(
        self, message: str, *, where: str = "", hint: str = "", checks: Sequence[Check] = ()
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.checks = tuple(checks)


class IdentityChangedError(EvidenceRejectedError):
    """Who answers does not have the identity that is trusted.

    ``expected`` is the SHA-256 of the trusted root certificate in hex; ``found`` that of the
    certificate which was presented, "" if it could not be had.
    """

    def __init__(self, message: str, *, where: str, hint: str, expected: str, found: str) -> None:
        super().__init__(message, where=where, hint=hint)
        self.expected = expected
        self.found = found


class NameMismatchError(EvidenceRejectedError):
    """The Coordinator's certificate is not for the name it was asked by."""


class PolicyMismatchError(ClientError):
    """The Coordinator has proved what it is, and that is not what the caller wants.

    ``checks`` are all checks; those that failed have ``ok`` False.
    """

    def __init__(
        self, message: str, *, where: str = "", hint: str = "", checks: Sequence[Check] = ()
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.checks = tuple(checks)


class UnreachableError(ClientError):
    """No answer came, or not in time: trying again may help."""


class CollateralUnavailableError(UnreachableError):
    """What evidence is judged by cannot be had at the moment."""


class RefusedError(ClientError):
    """The Coordinator answered that it will not or cannot; ``status`` is the HTTP status."""

    def __init__(self, message: str, *, where: str, status: int, hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status


class NotAuthorisedError(RefusedError):
    """The Coordinator does not know the caller, or permits it less."""


class ProtocolError(ClientError):
    """The answer is not as it should be: whoever answers is no Coordinator, or defective."""
