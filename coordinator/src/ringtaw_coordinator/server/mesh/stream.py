"""One stream of an HTTP/2 connection, and what is at its other end: a call to a service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ringtaw_coordinator.server.errors import GrpcCode
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
    """An answer; headers and trailers are encoded. Without trailers there is no body either."""

    headers: bytes
    body: bytes = field(default=b"", repr=False)
    trailers: bytes = b""
    code: GrpcCode = GrpcCode.OK


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
    expected: int | None = None
    """Bytes of body the request announced, if it did."""
    received: int = 0
    reserved: int = 0
    """Bytes of the process's budget this request holds."""
    remote_closed: bool = False
    reply: Reply | None = None
    sent: int = 0
    """Bytes of the reply's body."""
    headers_sent: bool = False

    def can_send(self, connection_window: int) -> bool:
        """Whether there is something of the reply to send."""
        assert self.reply is not None  # noqa: S101 - only asked when there is one
        if not self.headers_sent or self.sent == len(self.reply.body):
            return True
        return min(connection_window, self.send_window) > 0

    def output(self, reply: Reply, limit: int) -> tuple[list[bytes], int, bool]:
        """Return frames of the reply, how many bytes of body they carry, and whether it is all.

        ``limit`` is how many bytes of body are wanted at most.
        """
        output = []
        if not self.headers_sent:
            self.headers_sent = True
            output.append(self._headers(reply.headers, last=not reply.trailers))
        start = self.sent
        self.sent = end = min(len(reply.body), start + max(0, min(limit, self.send_window)))
        self.send_window -= end - start
        for offset in range(start, end, MAX_FRAME_SIZE):
            chunk = reply.body[offset : min(end, offset + MAX_FRAME_SIZE)]
            output.append(build(FrameType.DATA, Flag.NONE, self.id, chunk))
        done = end == len(reply.body)
        if done and reply.trailers:
            output.append(self._headers(reply.trailers, last=True))
        if done and not self.remote_closed:
            output.append(build_reset(self.id, ErrorCode.NO_ERROR))
        return output, end - start, done

    def _headers(self, block: bytes, *, last: bool) -> bytes:
        flags = Flag.END_HEADERS | (Flag.END_STREAM if last else Flag.NONE)
        return build(FrameType.HEADERS, flags, self.id, block)
