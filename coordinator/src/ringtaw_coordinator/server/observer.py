"""What the servers tell whoever counts: no names, no certificates, no contents."""

from __future__ import annotations

from typing import Protocol

from ringtaw_coordinator.server.errors import GrpcCode


class ClientObserver(Protocol):
    """Is told of requests to the client API."""

    def request_began(self, path: str) -> None:
        """A request's head has arrived; ``path`` is "" if there is no such endpoint."""
        ...

    def request_ended(self, path: str) -> None:
        """It was answered, or its client has gone away."""
        ...

    def answered(
        self, method: str, path: str, status: int, seconds: float, sizes: tuple[int, int]
    ) -> None:
        """A request was answered; ``sizes`` are the bytes of its body and of the answer's."""
        ...


class MeshObserver(Protocol):
    """Is told of calls to the mesh API."""

    def call_started(self) -> None:
        """A complete message has arrived."""
        ...

    def call_answered(self, code: GrpcCode, seconds: float) -> None:
        """It was answered."""
        ...


class NoObserver:
    """Counts nothing."""

    def request_began(self, path: str) -> None:
        """See :class:`ClientObserver`."""

    def request_ended(self, path: str) -> None:
        """See :class:`ClientObserver`."""

    def answered(
        self, method: str, path: str, status: int, seconds: float, sizes: tuple[int, int]
    ) -> None:
        """See :class:`ClientObserver`."""

    def call_started(self) -> None:
        """See :class:`MeshObserver`."""

    def call_answered(self, code: GrpcCode, seconds: float) -> None:
        """See :class:`MeshObserver`."""
