# ruff: noqa: D102 - the methods of asyncio.Protocol are documented there
"""HTTP/1.1 on one connection: one request after the other, each within its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, cast

from ringtaw_coordinator.server.client.app import ClientApp, Exchange
from ringtaw_coordinator.server.client.bodies import Framing, framing
from ringtaw_coordinator.server.client.endpoint import RequestError
from ringtaw_coordinator.server.client.head import Head, HeadError, parse_head
from ringtaw_coordinator.server.client.jsend import error
from ringtaw_coordinator.server.client.response import CONTINUE, Response
from ringtaw_coordinator.server.connection import TLSConnection

HEAD_END: Final = b"\r\n\r\n"
READ_AHEAD: Final = 64 * 1024
"""Bytes that may wait for their turn before no more is read."""
PIECE: Final = 128 * 1024
"""Bytes of a body that are encrypted at once. Only they are held for a client that is slow."""
LINGER: Final = 5.0
"""Seconds of reading on after a refusal, so that the client gets to read it."""

Spawn = Callable[[Coroutine[Any, Any, None]], None]


class HttpConnection(asyncio.Protocol):
    """Cuts what arrives into requests, and has them answered in turn.

    ``_step`` takes what it can use of what was received, and returns whether it got further. While
    ``_waiting`` nothing is taken: a request is at work, its answer on the way, or it is the turn
    of other connections.
    """

    def __init__(self, app: ClientApp, spawn: Spawn) -> None:
        self._app = app
        self._limits = app.limits
        self._spawn = spawn
        self._transport: TLSConnection
        self._received = bytearray()
        self._searched = 0
        self._step: Callable[[], bool] = self._read_head
        self._waiting = False
        self._blocked = False
        self._exchange: Exchange
        self._framing: Framing
        self._response: Response | None = None
        self._unsent = memoryview(b"")
        """Of the response's body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(TLSConnection, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._waiting:
            self._go_on()
        elif len(self._received) > READ_AHEAD:
            self._transport.pause_reading()

    def connection_lost(self, exception: Exception | None) -> None:
        if self._step == self._read_body or self._response is not None:
            self._exchange.end(None)
        self._response = None

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._send_on()

    # Receiving

    def _go_on(self) -> None:
        while not self._waiting and not self._transport.is_closing() and self._step():
            pass

    def _read_head(self) -> bool:
        end = self._received.find(HEAD_END, self._searched)
        if end < 0:
            return self._expect_more_of_head()
        raw = bytes(self._received[:end])
        del self._received[: end + len(HEAD_END)]
        self._searched = 0
        try:
            self._begin(parse_head(raw, self._limits))
        except HeadError:
            self._give_up()
        return bool(self._received)

    def _expect_more_of_head(self) -> bool:
        limits, size = self._limits, len(self._received)
        self._searched = max(0, size - len(HEAD_END) + 1)
        if size > limits.max_request_line + limits.max_headers * limits.max_header_line:
            self._give_up()
        return False

    def _give_up(self) -> None:
        refusal = error(400, "the request does not parse as HTTP/1.1")
        self._transport.write(refusal.head(closes=True) + refusal.body)
        self._transport.close()

    def _begin(self, head: Head) -> None:
        certificate = self._transport.get_extra_info("peer_certificate")
        self._exchange = exchange = Exchange(self._app, head, certificate)
        self._framing = framing(head.length)
        if (refusal := exchange.admit()) is not None:
            self._answer(refusal)
        elif self._framing.is_complete:
            self._work()
        else:
            self._step = self._read_body
            self._transport.watch(self._limits.request_timeout, expired=self._be_too_slow)
            if head.expects_continue and not self._received:
                self._transport.write(CONTINUE)

    def _read_body(self) -> bool:
        try:
            self._exchange.body.grow(self._framing.take(self._received))
        except RequestError as problem:
            self._answer(self._exchange.refuse(problem))
            return True
        if self._framing.is_complete:
            self._work()
        return self._framing.is_complete

    def _be_too_slow(self) -> None:
        self._answer(self._exchange.refuse(RequestError(408, "the body took too long")))

    def _discard_body(self) -> bool:
        """Read on after a refusal."""
        try:
            self._framing.take(self._received)
        except RequestError:
            self._transport.close()
        if self._framing.is_complete:
            self._transport.close()
        return False

    # Answering

    def _work(self) -> None:
        self._step = self._read_head
        answer = self._exchange.answer()
        if isinstance(answer, Response):
            self._answer(answer)
            return
        self._waiting = True
        self._transport.watch(self._limits.call_timeout, busy=True)
        self._spawn(self._wait_for(answer))

    async def _wait_for(self, answer: Coroutine[Any, Any, Response]) -> None:
        response = await answer
        if self._transport.is_closing():
            self._exchange.end(None)
        else:
            self._answer(response)

    def _answer(self, response: Response) -> None:
        self._waiting = True
        self._response = response
        self._transport.watch(self._limits.answer_timeout, busy=True)
        body = memoryview(response.body if self._exchange.head.method != "HEAD" else b"")
        self._unsent = body[PIECE:]
        head = response.head(closes=not self._stays_open)
        self._transport.write(b"".join((head, body[:PIECE])))
        self._send_on()

    def _send_on(self) -> None:
        """Go on with the answer, unless the client has to take some of it first."""
        if self._blocked or self._response is None:
            return
        if self._unsent:
            asyncio.get_running_loop().call_soon(self._send_piece)
        else:
            self._finish()

    def _send_piece(self) -> None:
        """Send some more; others have their turn between two pieces."""
        if self._blocked or self._transport.is_closing():
            return
        piece, self._unsent = self._unsent[:PIECE], self._unsent[PIECE:]
        self._transport.write(piece)
        self._send_on()

    @property
    def _stays_open(self) -> bool:
        return self._exchange.head.keeps_alive and self._framing.is_complete

    def _finish(self) -> None:
        """The answer is sent, or so little of it is left that it does not matter."""
        self._exchange.end(self._response)
        self._response = None
        if self._stays_open:
            self._transport.watch(self._limits.idle_timeout)
            self._turn_to(self._read_head)
        elif self._framing.is_complete:
            self._transport.close()
        else:
            self._transport.watch(LINGER, expired=self._transport.close)
            self._turn_to(self._discard_body)

    def _turn_to(self, step: Callable[[], bool]) -> None:
        """Go on with ``step``, but let others go first."""
        self._step = step
        if self._received:
            asyncio.get_running_loop().call_soon(self._take_turn)
        else:
            self._waiting = False

    def _take_turn(self) -> None:
        self._waiting = False
        self._transport.resume_reading()
        self._go_on()
