# ruff: noqa: D102 - the public methods are asyncio's, documented there
"""The server's end of one HTTP/2 connection (RFC 9113), for small calls with one answer each.

It is stricter than the protocol asks for: a Marble makes one call and goes, so whoever opens many
streams, sends many frames that move nothing forward, or stalls, is let go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, cast

from ringtaw_coordinator.server.budget import Budget
from ringtaw_coordinator.server.connection import TLSConnection
from ringtaw_coordinator.server.limits import MeshLimits
from ringtaw_coordinator.server.mesh import events, frames
from ringtaw_coordinator.server.mesh.frames import (
    DEFAULT_WINDOW,
    MAX_WINDOW,
    ConnectionFault,
    ErrorCode,
    Flag,
    FrameType,
    Setting,
    StreamFault,
)
from ringtaw_coordinator.server.mesh.headers import MalformedError, check_regular, check_request
from ringtaw_coordinator.server.mesh.stream import Call, Refusal, Reply, Service, Stream

FRAMES_PER_FRAME: Final = 3
"""Frames a peer may send for each DATA frame it gets: two WINDOW_UPDATEs and a PING."""
BATCH: Final = 64 * 1024
"""Bytes of answers written before asking whether the network keeps up."""
MARGIN: Final = 5.0
"""Seconds that the connection waits for a call beyond the call's own time limit."""

Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Connection(asyncio.Protocol):
    """Events in, frames out, and calls to the service between them.

    A call that has begun is carried through even if its peer goes away: a change of state cut off
    half-way would be worse than an answer that nobody reads.
    """

    def __init__(self, service: Service, limits: MeshLimits, budget: Budget, spawn: Spawn) -> None:
        self._service = service
        self._limits = limits
        self._budget = budget
        self._spawn = spawn
        self._transport: TLSConnection
        self._events = events.EventReader(limits)
        self._streams: dict[int, Stream] = {}
        self._abandoned: set[int] = set()
        """Streams ended on this side only: what still comes for them is ignored."""
        self._last_stream_id = 0
        self._opened = 0
        self._receive_window = DEFAULT_WINDOW
        self._send_window = DEFAULT_WINDOW
        self._stream_send_window = DEFAULT_WINDOW
        self._end = asyncio.get_running_loop().time() + limits.max_age
        self._draining = False
        self._paused = False
        self._out: list[bytes] = []

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(TLSConnection, transport)
        self._transport.write(
            frames.build_settings(
                {
                    Setting.MAX_CONCURRENT_STREAMS: self._limits.max_concurrent_streams,
                    Setting.INITIAL_WINDOW_SIZE: self._limits.initial_window,
                    Setting.MAX_HEADER_LIST_SIZE: self._limits.max_header_block,
                }
            )
        )
        self._watch()

    def data_received(self, data: bytes) -> None:
        try:
            for event in self._events.feed(data):
                try:
                    _HANDLERS[type(event)](self, event)
                except StreamFault as fault:
                    self._abandon(fault.stream_id, fault.code)
            self._pump()
        except ConnectionFault as fault:
            self._goodbye(fault.code, str(fault))

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._pump()

    def connection_lost(self, _: Exception | None) -> None:
        for stream_id in list(self._streams):
            self._retire(stream_id)

    # Events

    def _reset(self, event: events.Reset) -> None:
        self._need_opened(event.stream_id)
        self._retire(event.stream_id)

    def _ping(self, event: events.Ping) -> None:
        self._out.append(frames.build(FrameType.PING, Flag.ACK, 0, event.payload))

    def _goaway(self, _: events.GoAway) -> None:
        self._draining = True
        self._close_if_drained()

    def _headers(self, event: events.Headers) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is not None:
            self._trailers(stream, event)
        elif event.stream_id > self._last_stream_id:
            self._last_stream_id = event.stream_id
            self._open(event)
        elif event.stream_id not in self._abandoned:
            raise ConnectionFault(ErrorCode.STREAM_CLOSED, "HEADERS on a closed stream")

    def _trailers(self, stream: Stream, event: events.Headers) -> None:
        if stream.remote_closed:
            raise StreamFault(stream.id, ErrorCode.STREAM_CLOSED)
        try:
            check_regular(event.fields)
        except MalformedError:
            raise StreamFault(stream.id, ErrorCode.PROTOCOL_ERROR) from None
        if not event.end_stream:
            raise StreamFault(stream.id, ErrorCode.PROTOCOL_ERROR)
        self._complete(stream)

    def _open(self, event: events.Headers) -> None:
        self._opened += 1
        if self._draining or len(self._streams) >= self._limits.max_concurrent_streams:
            raise StreamFault(event.stream_id, ErrorCode.REFUSED_STREAM)
        try:
            headers = check_request(event.fields)
        except MalformedError:
            raise StreamFault(event.stream_id, ErrorCode.PROTOCOL_ERROR) from None
        stream = Stream(event.stream_id, self._limits.initial_window, self._stream_send_window)
        stream.remote_closed = event.end_stream
        self._streams[stream.id] = stream
        self._drain_if_old()
        try:
            certificate = self._transport.get_extra_info("peer_certificate")
            stream.call = self._service.call(headers, certificate)
        except Refusal as refusal:
            self._reply(stream, refusal.reply)
        else:
            if event.end_stream:
                self._complete(stream)
        self._watch()

    def _data(self, event: events.Data) -> None:
        self._need_opened(event.stream_id)
        self._receive_window -= event.size
        if self._receive_window < 0:
            raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "more data than the window")
        if self._receive_window < DEFAULT_WINDOW // 2:
            increment = DEFAULT_WINDOW - self._receive_window
            self._receive_window += increment
            self._out.append(frames.build_window_update(0, increment))
        stream = self._streams.get(event.stream_id)
        if stream is None:
            if event.stream_id not in self._abandoned:
                raise ConnectionFault(ErrorCode.STREAM_CLOSED, "DATA on a closed stream")
        elif stream.remote_closed:
            raise StreamFault(stream.id, ErrorCode.STREAM_CLOSED)
        else:
            self._stream_data(stream, event)

    def _stream_data(self, stream: Stream, event: events.Data) -> None:
        stream.receive_window -= event.size
        if stream.receive_window < 0:
            raise StreamFault(stream.id, ErrorCode.FLOW_CONTROL_ERROR)
        if stream.call is None or stream.reply is not None:
            return  # answered already
        try:
            stream.call.receive(event.data)
        except Refusal as refusal:
            self._reply(stream, refusal.reply)
            return
        if event.end_stream:
            self._complete(stream)
        else:
            self._widen(stream)

    def _widen(self, stream: Stream) -> None:
        """Let the peer send more of a large request, if the process has room for it."""
        increment = self._limits.initial_window - stream.receive_window
        if increment < self._limits.initial_window // 2:
            return
        if not self._budget.reserve(increment):
            self._reply(stream, self._service.overloaded)
            return
        stream.reserved += increment
        stream.receive_window += increment
        self._out.append(frames.build_window_update(stream.id, increment))

    def _window_update(self, event: events.WindowUpdate) -> None:
        if event.stream_id == 0:
            self._send_window += event.increment
            if event.increment == 0 or self._send_window > MAX_WINDOW:
                raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "window out of range")
            return
        self._need_opened(event.stream_id)
        if stream := self._streams.get(event.stream_id):
            stream.send_window += event.increment
            if event.increment == 0 or stream.send_window > MAX_WINDOW:
                raise StreamFault(stream.id, ErrorCode.FLOW_CONTROL_ERROR)

    def _settings(self, event: events.Settings) -> None:
        self._out.append(frames.build(FrameType.SETTINGS, Flag.ACK, 0))
        if event.initial_window is None:
            return
        change = event.initial_window - self._stream_send_window
        self._stream_send_window = event.initial_window
        for stream in self._streams.values():
            stream.send_window += change
            if stream.send_window > MAX_WINDOW:
                raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "window out of range")

    def _need_opened(self, stream_id: int) -> None:
        if stream_id > self._last_stream_id or stream_id % 2 == 0:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "frame on an idle stream")

    # Calls

    def _complete(self, stream: Stream) -> None:
        """The whole request is here: carry it out."""
        stream.remote_closed = True
        if stream.call is None or stream.reply is not None:
            return
        try:
            stream.call.complete()
        except Refusal as refusal:
            self._reply(stream, refusal.reply)
            return
        stream.working = True
        self._watch()
        self._spawn(self._work(stream, stream.call))

    async def _work(self, stream: Stream, call: Call) -> None:
        try:
            reply = await call.answer()
        finally:
            stream.working = False
            if stream.id not in self._streams:
                self._release(stream)
        if stream.id in self._streams:
            self._reply(stream, reply)
            self._pump()

    def _reply(self, stream: Stream, reply: Reply) -> None:
        stream.call = None
        stream.reply = reply
        self._watch()

    def _retire(self, stream_id: int) -> None:
        stream = self._streams.pop(stream_id, None)
        if stream is None:
            return
        if not stream.working:
            self._release(stream)
        self._watch()
        self._close_if_drained()

    def _release(self, stream: Stream) -> None:
        self._budget.release(stream.reserved)
        stream.reserved = 0

    def _abandon(self, stream_id: int, code: ErrorCode) -> None:
        if self._opened > 2 * self._limits.max_streams:
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many streams")
        self._abandoned.add(stream_id)
        self._out.append(frames.build_reset(stream_id, code))
        self._retire(stream_id)

    # Output

    def _pump(self) -> None:
        """Send what the peer's windows and the network take."""
        self._flush()
        while not self._paused and (stream := self._sendable()) is not None:
            output, sent, done = stream.output(self._send_window, BATCH)
            self._send_window -= sent
            self._events.grant(FRAMES_PER_FRAME * len(output))
            self._out += output
            if done:
                self._abandoned.add(stream.id)
                self._retire(stream.id)
            self._flush()

    def _sendable(self) -> Stream | None:
        for stream in self._streams.values():
            if stream.reply is not None and stream.can_send(self._send_window):
                return stream
        return None

    def _flush(self) -> None:
        if self._out:
            self._transport.write(b"".join(self._out))
            self._out.clear()

    # The connection's life

    def _watch(self) -> None:
        """Say how long the connection may stay as it is."""
        limits, streams = self._limits, self._streams.values()
        if any(stream.working for stream in streams):
            self._transport.watch(limits.call_timeout + MARGIN, busy=True)
        elif any(stream.reply is not None for stream in streams):
            self._transport.watch(limits.answer_timeout, busy=True)
        else:
            seconds = limits.request_timeout if streams else limits.idle_timeout
            self._transport.watch(seconds, expired=self._goodbye)

    def _drain_if_old(self) -> None:
        """Take no further call on a connection that has had its time."""
        old = asyncio.get_running_loop().time() > self._end
        if old or self._opened >= self._limits.max_streams:
            self._draining = True
            self._out.append(frames.build_goaway(self._last_stream_id, ErrorCode.NO_ERROR))

    def _close_if_drained(self) -> None:
        if self._draining and not self._streams:
            self._flush()
            self._transport.close()

    def _goodbye(self, code: ErrorCode = ErrorCode.NO_ERROR, reason: str = "") -> None:
        self._out.append(frames.build_goaway(self._last_stream_id, code, reason))
        self._flush()
        self._transport.close()


_HANDLERS: Final[dict[type[events.Event], Callable[[Connection, Any], None]]] = {
    events.Headers: Connection._headers,
    events.Data: Connection._data,
    events.Reset: Connection._reset,
    events.WindowUpdate: Connection._window_update,
    events.Settings: Connection._settings,
    events.Ping: Connection._ping,
    events.GoAway: Connection._goaway,
}
