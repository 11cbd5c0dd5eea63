"""The one table from the Coordinator's errors to what a client sees: gRPC codes and HTTP statuses.

The numbers are those that MarbleRun's Coordinator answers with, because its clients know them.
"""

from __future__ import annotations

import traceback
from enum import IntEnum
from typing import Final, NamedTuple

from ringtaw_coordinator import errors


class GrpcCode(IntEnum):
    """Status codes of gRPC that this server uses."""

    OK = 0
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class Answer(NamedTuple):
    """How an error looks from outside."""

    grpc: GrpcCode
    http_v1: int
    http_v2: int
    prefix: str = ""
    """What the text begins with on the wire."""


_TABLE: Final[tuple[tuple[type[Exception], Answer], ...]] = (
    (errors.StateError, Answer(GrpcCode.FAILED_PRECONDITION, 400, 500)),
    (errors.UnauthenticatedError, Answer(GrpcCode.UNAUTHENTICATED, 401, 401)),
    (errors.UnauthorizedError, Answer(GrpcCode.PERMISSION_DENIED, 401, 401)),
    (errors.ForbiddenError, Answer(GrpcCode.PERMISSION_DENIED, 400, 500)),
    (errors.RequestRefusedError, Answer(GrpcCode.INTERNAL, 400, 500)),
    (errors.RecoverySecretError, Answer(GrpcCode.INTERNAL, 400, 400)),
    (errors.NoPendingUpdateError, Answer(GrpcCode.INTERNAL, 404, 404)),
    (
        errors.VerificationError,
        Answer(GrpcCode.PERMISSION_DENIED, 401, 401, "marble verification failed: "),
    ),
    (errors.UnavailableError, Answer(GrpcCode.UNAVAILABLE, 503, 503)),
    (errors.FeatureError, Answer(GrpcCode.FAILED_PRECONDITION, 403, 403)),
    (errors.InvalidUUIDError, Answer(GrpcCode.INVALID_ARGUMENT, 400, 400, "invalid UUID: ")),
    (errors.ManifestError, Answer(GrpcCode.INTERNAL, 400, 500)),
    (errors.CoordinatorError, Answer(GrpcCode.INTERNAL, 500, 500)),
)
UNEXPECTED: Final = Answer(GrpcCode.INTERNAL, 500, 500)
UNEXPECTED_TEXT: Final = "internal error; the Coordinator's log says more"


def answer_to(error: Exception) -> tuple[Answer, str]:
    """Return how to answer ``error`` and the text, which is generic for errors nobody foresaw."""
    for kind, answer in _TABLE:
        if isinstance(error, kind):
            text = str(error)
            return answer, text if text.startswith(answer.prefix) else answer.prefix + text
    return UNEXPECTED, UNEXPECTED_TEXT


def is_unexpected(error: Exception) -> bool:
    """Whether ``error`` is not one that was made for a client to see."""
    return not isinstance(error, errors.CoordinatorError)


def describe(error: Exception) -> str:
    """Return what kind of error it is and where it was raised, for the log.

    Its text stays out: nobody knows what it holds.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + where
