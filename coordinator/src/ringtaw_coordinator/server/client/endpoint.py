"""What an endpoint is: one definition, from which its route, its checks and its docs follow."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from ringtaw_coordinator.core.api import ClientFacade
from ringtaw_coordinator.manifest.model import FeatureGate
from ringtaw_coordinator.server.client.jsend import Json, Written
from ringtaw_coordinator.server.client.schema import RAW, Schema

KIBIBYTE: Final = 1024
NO_BODY: Final = 4 * KIBIBYTE
"""Bytes that are read, and ignored, where no body belongs."""


class RequestError(Exception):
    """The request is not as it should be; ``data`` says more to programs."""

    def __init__(self, status: int, message: str, data: Json = None) -> None:
        super().__init__(message)
        self.status = status
        self.data = data


class Who(StrEnum):
    """Who may call; what else must hold of a user depends on roles."""

    ANYONE = "anyone"
    USER = "a user"
    MARBLE = "a Marble"


@dataclass(frozen=True, slots=True)
class Query:
    """A parameter in the query; others are ignored."""

    name: str
    description: str
    example: str
    required: bool = False
    repeated: bool = False
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """What handlers work with. ``certificate`` is the client's (DER), empty if it has none."""

    facade: ClientFacade
    query: Mapping[str, Sequence[str]]
    raw: bytes
    """The body, where it is no JSON."""
    body: Mapping[str, Any]
    """The body as its schema describes it, bytes decoded."""
    certificate: bytes


Result = Json | Written
Handler = Callable[[ClientRequest], Result | Coroutine[Any, Any, Result]]
"""A plain function where there is nothing to wait for: that is answered at once."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path."""

    method: str
    path: str
    summary: str
    handler: Handler
    answer: Schema
    """Of ``data`` on success."""
    who: Who = Who.ANYONE
    permission: str = ""
    """What a user needs."""
    query: tuple[Query, ...] = ()
    body: Schema | None = None
    max_body: int | None = None
    """Bytes; None means as many as the limits permit, or very few if there is no body."""
    gate: FeatureGate | None = None
    refusals: Mapping[int, str] = field(default_factory=dict)
    """Statuses beside those that any endpoint may answer with, and what they mean."""
    envelope: bool = True
    """Whether the answer is JSend."""

    @property
    def is_v1(self) -> bool:
        """Whether it belongs to version 1, which is deprecated."""
        return not self.path.startswith("/api/")

    @property
    def takes_json(self) -> bool:
        """Whether the body is JSON."""
        return self.body is not None and self.body is not RAW

    def body_limit(self, limit: int) -> int:
        """Return how many bytes the body may have where ``limit`` is that of all endpoints."""
        if self.body is None:
            return NO_BODY
        return min(limit, self.max_body or limit)
