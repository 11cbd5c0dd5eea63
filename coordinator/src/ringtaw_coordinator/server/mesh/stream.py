"""One stream of an HTTP/2 connection, and what is at its other end: a call to a service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ringtaw_coordinator.server.mesh.frames import (
    MAX_FRAME_SIZE,
    ErrorCode,
    Flag,
    FrameType,
    build,
    build_reset,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; headers and trailers are encoded. Without body and trailers it ends at once."""

    headers: bytes
    body: bytes = field(default=b"", repr=False)
    trailers: bytes = b""


class Refusal(Exception):  # noqa: N818 - an answer more than an error
    """The service answers before it has the whole request."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class Call(Protocol):
    """A request while it arrives, then its work."""

    def receive(self, data: bytes) -> None:
        """Take a part of the request's body.

        Raises:
            Refusal: No more of it is wanted.
        """
        ...

    def complete(self) -> None:
        """Check the request, all of which has arrived.

        Raises:
            Refusal: It is not to be carried out.
        """
        ...

    async def answer(self) -> Reply:
        """Carry it out. Raises nothing."""
        ...


class Service(Protocol):
    """What a connection serves."""

    overloaded: Reply

    def call(self, headers: Mapping[str, str], peer_certificate: bytes) -> Call:
        """Begin a request.

        Raises:
            Refusal: It is not to be carried out.
        """
        ...


@dataclass(slots=True)
class Stream:
    """One request and its answer."""

    id: int
    receive_window: int
    send_window: int
    call: Call | None = None
    working: bool = False
    reserved: int = 0
    """Bytes of the process's budget this request holds."""
    remote_closed: bool = False
    reply: Reply | None = None
    sent: int = 0
    """Bytes of the reply's body."""
    headers_sent: bool = False

    def can_send(self, connection_window: int) -> bool:
        """Whether :meth:`output` has anything to give."""
        assert self.reply is not None  # noqa: S101 - only called with one
        if not self.headers_sent or self.sent == len(self.reply.body):
            return True
        return min(connection_window, self.send_window) > 0

    def output(self, connection_window: int, limit: int) -> tuple[list[bytes], int, bool]:
        """Return frames of the reply that fit, their bytes of body, and whether it is all.

        ``limit`` is how many bytes of body are wanted at most.
        """
        assert self.reply is not None  # noqa: S101 - only called with one
        frames = []
        body, trailers = self.reply.body, self.reply.trailers
        if not self.headers_sent:
            self.headers_sent = True
            frames.append(self._headers(self.reply.headers, last=not trailers))
        start = self.sent
        end = min(len(body), start + min(connection_window, self.send_window, limit))
        for offset in range(start, end, MAX_FRAME_SIZE):
            chunk = body[offset : min(end, offset + MAX_FRAME_SIZE)]
            frames.append(build(FrameType.DATA, Flag.NONE, self.id, chunk))
        self.sent = max(start, end)
        self.send_window -= self.sent - start
        done = self.sent == len(body)
        if done and trailers:
            frames.append(self._headers(trailers, last=True))
        if done and not self.remote_closed:
            frames.append(build_reset(self.id, ErrorCode.NO_ERROR))
        return frames, self.sent - start, done

    def _headers(self, block: bytes, *, last: bool) -> bytes:
        flags = Flag.END_HEADERS | (Flag.END_STREAM if last else Flag.NONE)
        return build(FrameType.HEADERS, flags, self.id, block)
