"""All streams of one connection: requests as they arrive, calls to the service, flow control.

It is stricter than RFC 9113 asks for: a Marble makes one call and goes, so whoever opens many
streams is let go, and a large request is let in only while the process has room for it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from enum import Enum, auto
from typing import Any, Final

from ringtaw_coordinator.server.budget import Budget
from ringtaw_coordinator.server.limits import MeshLimits
from ringtaw_coordinator.server.mesh import events, frames
from ringtaw_coordinator.server.mesh.frames import (
    DEFAULT_WINDOW,
    MAX_WINDOW,
    ConnectionFault,
    ErrorCode,
    Flag,
    FrameType,
    StreamFault,
)
from ringtaw_coordinator.server.mesh.headers import (
    MalformedError,
    check_regular,
    check_request,
    content_length,
)
from ringtaw_coordinator.server.mesh.stream import Call, Refusal, Reply, Service, Stream

Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Activity(Enum):
    """What a connection is waiting for."""

    REQUEST = auto()
    REST_OF_REQUEST = auto()
    CALL = auto()
    ANSWER_TAKEN = auto()


class Streams:
    """Takes events, makes calls and gives frames; knows of no transport.

    ``changed`` is called whenever there may be something new to send or to wait for. A call that
    has begun is carried through even if its peer goes away: a change of state cut off half-way
    would be worse than an answer that nobody reads.
    """

    def __init__(
        self,
        service: Service,
        limits: MeshLimits,
        budget: Budget,
        spawn: Spawn,
        changed: Callable[[], None],
        peer_certificate: bytes,
    ) -> None:
        self.draining = False
        self.last_stream_id = 0
        self._service = service
        self._limits = limits
        self._budget = budget
        self._spawn = spawn
        self._changed = changed
        self._peer_certificate = peer_certificate
        self._open: dict[int, Stream] = {}
        self._abandoned: set[int] = set()
        """Streams ended on this side only: what still comes for them is ignored."""
        self._opened = 0
        self._receive_window = DEFAULT_WINDOW
        self._send_window = DEFAULT_WINDOW
        self._initial_send_window = DEFAULT_WINDOW
        self._control: list[bytes] = []

    @property
    def activity(self) -> Activity:
        """What the connection is waiting for."""
        streams = self._open.values()
        if not streams:
            return Activity.REQUEST
        if any(stream.working for stream in streams):
            return Activity.CALL
        if any(stream.reply is not None for stream in streams):
            return Activity.ANSWER_TAKEN
        return Activity.REST_OF_REQUEST

    def handle(self, event: events.Event) -> None:
        """Act on what the peer said.

        Raises:
            ConnectionFault: The connection has to end.
        """
        try:
            _HANDLERS[type(event)](self, event)
        except StreamFault as fault:
            self._abandon(fault.stream_id, fault.code)

    def drain(self) -> None:
        """Finish the calls there are, take no further ones, and tell the peer."""
        if not self.draining:
            self.draining = True
            self._control.append(frames.build_goaway(self.last_stream_id, ErrorCode.NO_ERROR))

    def close(self) -> None:
        """Forget everything: the connection is gone."""
        for stream_id in list(self._open):
            self._retire(stream_id)

    def output(self, limit: int) -> list[bytes]:
        """Return the next frames to send, with at most ``limit`` bytes of answers."""
        if self._control:
            control, self._control = self._control, []
            return control
        for stream in self._open.values():
            if stream.reply is not None and stream.can_send(self._send_window):
                return self._answer(stream, stream.reply, limit)
        return []

    def _answer(self, stream: Stream, reply: Reply, limit: int) -> list[bytes]:
        output, sent, done = stream.output(reply, min(limit, self._send_window))
        self._send_window -= sent
        if done:
            if not stream.remote_closed:
                self._abandoned.add(stream.id)
            self._retire(stream.id)
        return output

    # Requests

    def _headers(self, event: events.Headers) -> None:
        stream = self._open.get(event.stream_id)
        if stream is not None:
            self._trailers(stream, event)
        elif event.stream_id > self.last_stream_id:
            self.last_stream_id = event.stream_id
            self._begin(event)
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

    def _begin(self, event: events.Headers) -> None:
        self._opened += 1
        if self.draining or len(self._open) >= self._limits.max_concurrent_streams:
            raise StreamFault(event.stream_id, ErrorCode.REFUSED_STREAM)
        try:
            headers = check_request(event.fields)
            expected = content_length(headers)
        except MalformedError:
            raise StreamFault(event.stream_id, ErrorCode.PROTOCOL_ERROR) from None
        stream = Stream(event.stream_id, self._limits.initial_window, self._initial_send_window)
        stream.expected = expected
        self._open[stream.id] = stream
        if self._opened >= self._limits.max_streams:
            self.drain()
        try:
            stream.call = self._service.call(headers, self._peer_certificate)
        except Refusal as refusal:
            self._reply(stream, refusal.reply)
        if event.end_stream:
            self._complete(stream)
        self._changed()

    def _data(self, event: events.Data) -> None:
        self._need_begun(event.stream_id)
        self._take_from_window(event.size)
        stream = self._open.get(event.stream_id)
        if stream is None:
            if event.stream_id not in self._abandoned:
                raise ConnectionFault(ErrorCode.STREAM_CLOSED, "DATA on a closed stream")
        elif stream.remote_closed:
            raise StreamFault(stream.id, ErrorCode.STREAM_CLOSED)
        else:
            self._body(stream, event)

    def _take_from_window(self, size: int) -> None:
        """Count data towards the connection's window, which is always opened again."""
        self._receive_window -= size
        if self._receive_window < 0:
            raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "more data than the window")
        if self._receive_window < DEFAULT_WINDOW // 2:
            increment = DEFAULT_WINDOW - self._receive_window
            self._receive_window += increment
            self._control.append(frames.build_window_update(0, increment))

    def _body(self, stream: Stream, event: events.Data) -> None:
        stream.receive_window -= event.size
        stream.received += len(event.data)
        if stream.receive_window < 0:
            raise StreamFault(stream.id, ErrorCode.FLOW_CONTROL_ERROR)
        if stream.call is not None:
            try:
                stream.call.receive(event.data)
            except Refusal as refusal:
                self._reply(stream, refusal.reply)
        if event.end_stream:
            self._complete(stream)
        else:
            self._widen(stream)

    def _widen(self, stream: Stream) -> None:
        """Let the peer send more of a large request, if the process has room for it."""
        increment = self._limits.initial_window - stream.receive_window
        if stream.call is None or increment < self._limits.initial_window // 2:
            return
        if not self._budget.reserve(increment):
            self._reply(stream, self._service.overloaded)
            return
        stream.reserved += increment
        stream.receive_window += increment
        self._control.append(frames.build_window_update(stream.id, increment))

    def _complete(self, stream: Stream) -> None:
        """The whole request is here: carry it out."""
        stream.remote_closed = True
        if stream.expected not in (None, stream.received):
            raise StreamFault(stream.id, ErrorCode.PROTOCOL_ERROR)
        if stream.call is None:
            return  # answered already
        try:
            stream.call.complete()
        except Refusal as refusal:
            self._reply(stream, refusal.reply)
            return
        stream.working = True
        self._spawn(self._work(stream, stream.call))
        self._changed()

    async def _work(self, stream: Stream, call: Call) -> None:
        try:
            reply = await call.answer()
        finally:
            stream.working = False
            if stream.id not in self._open:
                self._release(stream)
        if stream.id in self._open:
            self._reply(stream, reply)

    def _reply(self, stream: Stream, reply: Reply) -> None:
        stream.call = None
        stream.reply = reply
        self._changed()

    # Ends of streams

    def _reset(self, event: events.Reset) -> None:
        self._need_begun(event.stream_id)
        self._retire(event.stream_id)

    def _abandon(self, stream_id: int, code: ErrorCode) -> None:
        if self._opened > 2 * self._limits.max_streams:
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many streams")
        self._abandoned.add(stream_id)
        self._control.append(frames.build_reset(stream_id, code))
        self._retire(stream_id)

    def _retire(self, stream_id: int) -> None:
        stream = self._open.pop(stream_id, None)
        if stream is None:
            return
        if not stream.working:
            self._release(stream)
        self._changed()

    def _release(self, stream: Stream) -> None:
        self._budget.release(stream.reserved)
        stream.reserved = 0

    # The connection as a whole

    def _window_update(self, event: events.WindowUpdate) -> None:
        if event.stream_id == 0:
            self._send_window += event.increment
            if self._send_window > MAX_WINDOW:
                raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "window out of range")
            return
        self._need_begun(event.stream_id)
        if stream := self._open.get(event.stream_id):
            stream.send_window += event.increment
            if stream.send_window > MAX_WINDOW:
                raise StreamFault(stream.id, ErrorCode.FLOW_CONTROL_ERROR)

    def _settings(self, event: events.Settings) -> None:
        self._control.append(frames.build(FrameType.SETTINGS, Flag.ACK, 0))
        if event.initial_window is None:
            return
        change = event.initial_window - self._initial_send_window
        self._initial_send_window = event.initial_window
        for stream in self._open.values():
            stream.send_window += change
            if stream.send_window > MAX_WINDOW:
                raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "window out of range")

    def _ping(self, event: events.Ping) -> None:
        self._control.append(frames.build(FrameType.PING, Flag.ACK, 0, event.payload))

    def _goaway(self, _: events.GoAway) -> None:
        self.draining = True
        self._changed()

    def _need_begun(self, stream_id: int) -> None:
        if stream_id > self.last_stream_id or stream_id % 2 == 0:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "frame on an idle stream")


_HANDLERS: Final[dict[type[events.Event], Callable[[Streams, Any], None]]] = {
    events.Headers: Streams._headers,
    events.Data: Streams._data,
    events.Reset: Streams._reset,
    events.WindowUpdate: Streams._window_update,
    events.Settings: Streams._settings,
    events.Ping: Streams._ping,
    events.GoAway: Streams._goaway,
}
