"""What a peer of HTTP/2 says, frame by frame, checked as far as that needs no look at streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from ringtaw_coordinator.server.limits import MeshLimits
from ringtaw_coordinator.server.mesh import frames
from ringtaw_coordinator.server.mesh.frames import (
    ConnectionFault,
    ErrorCode,
    Flag,
    Frame,
    FrameReader,
    FrameType,
    Setting,
)
from ringtaw_coordinator.server.mesh.headers import HeaderDecoder

SMALL_FRAME: Final = 256
"""Bytes of a DATA frame below which it counts as one that moves nothing forward."""


class Headers(NamedTuple):
    """A complete header block."""

    stream_id: int
    fields: list[tuple[str, str]]
    end_stream: bool


class Data(NamedTuple):
    """A part of a body; ``size`` is what it takes of the windows, padding included."""

    stream_id: int
    data: bytes
    size: int
    end_stream: bool


class Reset(NamedTuple):
    """The peer gives up a stream."""

    stream_id: int


class WindowUpdate(NamedTuple):
    """The peer takes more; stream 0 is the connection."""

    stream_id: int
    increment: int


class Settings(NamedTuple):
    """The peer's settings, to be acknowledged; of them only one concerns this server."""

    initial_window: int | None


class Ping(NamedTuple):
    """To be sent back."""

    payload: bytes


class GoAway(NamedTuple):
    """The peer opens no further streams."""


Event = Headers | Data | Reset | WindowUpdate | Settings | Ping | GoAway


class _Block(NamedTuple):
    """A header block of which CONTINUATION frames are missing."""

    stream_id: int
    fragments: list[bytes]
    end_stream: bool


class EventReader:
    """Turns the bytes of one connection into events.

    Raises everywhere:
        ConnectionFault: The connection has to end.
    """

    def __init__(self, limits: MeshLimits) -> None:
        self._limits = limits
        self._frames = FrameReader()
        self._decoder = HeaderDecoder(limits.max_header_block)
        self._block: _Block | None = None
        self._greeted = False
        self._allowance = limits.frame_allowance

    def grant(self, count: int) -> None:
        """Let the peer send ``count`` more frames that move nothing forward."""
        self._allowance += count

    def feed(self, data: bytes) -> Iterator[Event]:
        """Take ``data`` and yield what it completes."""
        self._frames.feed(data)
        while (frame := self._frames.next()) is not None:
            event = self._read(frame)
            if event is not None:
                yield event

    def _read(self, frame: Frame) -> Event | None:
        if not self._greeted:
            if frame.type != FrameType.SETTINGS or frame.flags & Flag.ACK:
                raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "SETTINGS must come first")
            self._greeted = True
        if (self._block is not None) != (frame.type == FrameType.CONTINUATION):
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "CONTINUATION out of place")
        if frame.type > FrameType.HEADERS:
            self._spend()
        reader = _READERS.get(frame.type)
        return reader(self, frame) if reader else None  # RFC 9113 section 5.5: ignore extensions

    def _data(self, frame: Frame) -> Data:
        _need_stream(frame)
        end = bool(frame.flags & Flag.END_STREAM)
        if len(frame.payload) < SMALL_FRAME and not end:
            self._spend()
        return Data(frame.stream_id, frames.content(frame), len(frame.payload), end)

    def _headers(self, frame: Frame) -> Headers | None:
        _need_stream(frame)
        if frame.stream_id % 2 == 0:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a client's streams are odd")
        end = bool(frame.flags & Flag.END_STREAM)
        return self._grow(_Block(frame.stream_id, [], end), frame, frames.content(frame))

    def _continuation(self, frame: Frame) -> Headers | None:
        assert self._block is not None  # noqa: S101 - checked in _read
        if frame.stream_id != self._block.stream_id:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "CONTINUATION of another stream")
        if len(self._block.fragments) > self._limits.max_continuations:
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many CONTINUATION frames")
        return self._grow(self._block, frame, frame.payload)

    def _grow(self, block: _Block, frame: Frame, fragment: bytes) -> Headers | None:
        block.fragments.append(fragment)
        if sum(map(len, block.fragments)) > self._limits.max_header_block:
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "header block too large")
        if not frame.flags & Flag.END_HEADERS:
            self._block = block
            return None
        self._block = None
        fields = self._decoder.decode(b"".join(block.fragments))
        return Headers(block.stream_id, fields, block.end_stream)

    def _settings(self, frame: Frame) -> Settings | None:
        _need_connection(frame)
        if frame.flags & Flag.ACK:
            if frame.payload:
                raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS ACK with content")
            return None
        initial_window = None
        for name, value in frames.parse_settings(frame.payload):
            _check_setting(name, value)
            if name == Setting.INITIAL_WINDOW_SIZE:
                initial_window = value
        return Settings(initial_window)

    def _ping(self, frame: Frame) -> Ping | None:
        _need_connection(frame)
        if len(frame.payload) != 8:
            raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "PING of a wrong length")
        return None if frame.flags & Flag.ACK else Ping(frame.payload)

    def _window_update(self, frame: Frame) -> WindowUpdate:
        increment = frames.parse_number(frame.payload) & frames.MAX_WINDOW
        if increment == 0:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a window grows by more than nothing")
        return WindowUpdate(frame.stream_id, increment)

    def _reset(self, frame: Frame) -> Reset:
        _need_stream(frame)
        frames.parse_number(frame.payload)
        return Reset(frame.stream_id)

    def _priority(self, frame: Frame) -> None:
        _need_stream(frame)
        frames.check_priority(frame.payload, frame.stream_id)

    def _goaway(self, frame: Frame) -> GoAway:
        _need_connection(frame)
        return GoAway()

    def _push_promise(self, _: Frame) -> Event:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a client cannot push")

    def _spend(self) -> None:
        self._allowance -= 1
        if self._allowance < 0:
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many frames without progress")


_READERS: Final[Mapping[int, Callable[[EventReader, Frame], Event | None]]] = {
    FrameType.DATA: EventReader._data,
    FrameType.HEADERS: EventReader._headers,
    FrameType.PRIORITY: EventReader._priority,
    FrameType.RST_STREAM: EventReader._reset,
    FrameType.SETTINGS: EventReader._settings,
    FrameType.PUSH_PROMISE: EventReader._push_promise,
    FrameType.PING: EventReader._ping,
    FrameType.GOAWAY: EventReader._goaway,
    FrameType.WINDOW_UPDATE: EventReader._window_update,
    FrameType.CONTINUATION: EventReader._continuation,
}


def _need_stream(frame: Frame) -> None:
    if frame.stream_id == 0:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "frame needs a stream")


def _need_connection(frame: Frame) -> None:
    if frame.stream_id != 0:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "frame belongs to no stream")


def _check_setting(name: int, value: int) -> None:
    match name:
        case Setting.ENABLE_PUSH:
            ok, code = value <= 1, ErrorCode.PROTOCOL_ERROR
        case Setting.INITIAL_WINDOW_SIZE:
            ok, code = value <= frames.MAX_WINDOW, ErrorCode.FLOW_CONTROL_ERROR
        case Setting.MAX_FRAME_SIZE:
            ok, code = 1 << 14 <= value < 1 << 24, ErrorCode.PROTOCOL_ERROR
        case _:
            return
    if not ok:
        raise ConnectionFault(code, "setting out of range")
