"""Errors of the Coordinator, by who is to blame.

Every error that a client can cause derives from :class:`CoordinatorError` and has a message made
for that client. The table in :mod:`ringtaw_coordinator.server.errors` maps them to gRPC and HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class CoordinatorError(Exception):
    """Base of all errors here. The message is shown to the client and holds no secret."""


class SettingsError(CoordinatorError):
    """A setting of the operator is missing or wrong; the Coordinator does not start."""


class PlatformError(CoordinatorError):
    """The platform the Coordinator runs on does not give what is needed."""


class StateError(CoordinatorError):
    """The request does not fit the state the Coordinator is in."""


class StoreError(CoordinatorError):
    """The state could not be read, or a change could not be made durable."""


class ConflictError(StoreError):
    """Somebody else changed the state between reading and committing."""


class UnauthenticatedError(CoordinatorError):
    """The caller presented no certificate where one is needed."""


class UnauthorizedError(CoordinatorError):
    """The client's certificate is none of a user, or of a Marble where one is needed.

    The text begins ``unauthorized user``, which clients look for.
    """


class ForbiddenError(CoordinatorError):
    """A user asked for what no role of theirs permits."""


class RequestRefusedError(CoordinatorError):
    """What the client asks for cannot be done as it stands; the message says why."""


class RecoverySecretError(CoordinatorError):
    """A recovery secret cannot be decrypted."""


class NoPendingUpdateError(CoordinatorError):
    """No update waits for acknowledgements. The text is ``no update in progress``."""


class VerificationError(CoordinatorError):
    """The Marble is not admitted: its type, package, evidence or activation budget.

    The text begins ``marble verification failed:`` on the wire.
    """


class UnavailableError(CoordinatorError):
    """What this needs cannot be had at the moment, through no fault of the caller: try again."""


class FeatureError(CoordinatorError):
    """The manifest in force does not enable the feature that the request is for."""


class InvalidUUIDError(CoordinatorError):
    """The UUID of an activation does not parse."""


class ActivationError(CoordinatorError):
    """The Marble was admitted but its parameters could not be made (bad CSR, missing secret)."""


class TemplateError(CoordinatorError):
    """A template does not parse or has no value; says where and at which position."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a manifest.

    ``pointer`` is the JSON Pointer (RFC 6901) of the value in the manifest as it was sent.
    """

    pointer: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.pointer or '/'}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class ManifestError(CoordinatorError):
    """A manifest is refused; ``problems`` lists everything that is wrong with it at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("invalid manifest: " + "; ".join(str(p) for p in self.problems))
