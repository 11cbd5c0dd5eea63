"""Frames of HTTP/2 (RFC 9113 sections 4 and 6): parsed strictly, built plainly."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final, NamedTuple

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER_SIZE: Final = 9
MAX_FRAME_SIZE: Final = 16 * 1024
"""Bytes of payload; the initial value of the protocol, which this server never raises."""
MAX_WINDOW: Final = (1 << 31) - 1
DEFAULT_WINDOW: Final = 65_535
_HEADER: Final = struct.Struct(">BHBBI")


class FrameType:
    """RFC 9113 section 6. Plain numbers: they are compared for every frame."""

    DATA: Final = 0
    HEADERS: Final = 1
    PRIORITY: Final = 2
    RST_STREAM: Final = 3
    SETTINGS: Final = 4
    PUSH_PROMISE: Final = 5
    PING: Final = 6
    GOAWAY: Final = 7
    WINDOW_UPDATE: Final = 8
    CONTINUATION: Final = 9


class Flag:
    """RFC 9113 section 6; END_STREAM and ACK share a bit."""

    NONE: Final = 0
    END_STREAM: Final = 0x01
    ACK: Final = 0x01
    END_HEADERS: Final = 0x04
    PADDED: Final = 0x08
    PRIORITY: Final = 0x20


class Setting(IntEnum):
    """RFC 9113 section 6.5.2."""

    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6


class ErrorCode(IntEnum):
    """RFC 9113 section 7."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11
    INADEQUATE_SECURITY = 12
    HTTP_1_1_REQUIRED = 13


class ConnectionFault(Exception):  # noqa: N818 - the field says connection error; this is one
    """The peer broke the protocol in a way that ends the connection."""

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class StreamFault(Exception):  # noqa: N818 - likewise
    """The peer broke the protocol in a way that ends one stream."""

    def __init__(self, stream_id: int, code: ErrorCode) -> None:
        super().__init__(code.name)
        self.stream_id = stream_id
        self.code = code


class Frame(NamedTuple):
    """One frame; ``type`` may be one this module does not know."""

    type: int
    flags: int
    stream_id: int
    payload: bytes


class FrameReader:
    """Cuts a byte stream into frames; keeps no more of it than what was fed last and one frame."""

    def __init__(self) -> None:
        self._buffer = b""
        self._start = 0
        self._preface_seen = False

    def feed(self, data: bytes) -> None:
        """Take ``data``; :meth:`next` then gives the frames.

        Raises:
            ConnectionFault: It is not HTTP/2.
        """
        self._buffer = self._buffer[self._start :] + data
        self._start = 0
        if not self._preface_seen:
            self._take_preface()

    def next(self) -> Frame | None:
        """Return the next complete frame, if there is one.

        Raises:
            ConnectionFault: The frame is too long.
        """
        start = self._start + HEADER_SIZE
        if not self._preface_seen or len(self._buffer) < start:
            return None
        high, low, type_, flags, stream_id = _HEADER.unpack_from(self._buffer, self._start)
        length = high << 16 | low
        if length > MAX_FRAME_SIZE:
            raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "frame too long")
        end = start + length
        if len(self._buffer) < end:
            return None
        self._start = end
        return Frame(type_, flags, stream_id & MAX_WINDOW, self._buffer[start:end])

    def _take_preface(self) -> None:
        start = self._buffer[: len(PREFACE)]
        if not PREFACE.startswith(start):
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "not HTTP/2")
        if start == PREFACE:
            self._preface_seen = True
            self._start = len(PREFACE)


def build(type_: int, flags: int, stream_id: int, payload: bytes = b"") -> bytes:
    """Return the frame's bytes."""
    length = len(payload)
    return _HEADER.pack(length >> 16, length & 0xFFFF, type_, flags, stream_id) + payload


def build_settings(settings: dict[Setting, int]) -> bytes:
    """Return a SETTINGS frame."""
    payload = b"".join(struct.pack(">HI", name, value) for name, value in settings.items())
    return build(FrameType.SETTINGS, Flag.NONE, 0, payload)


def build_window_update(stream_id: int, increment: int) -> bytes:
    """Return a WINDOW_UPDATE frame; stream 0 is the connection."""
    return build(FrameType.WINDOW_UPDATE, Flag.NONE, stream_id, struct.pack(">I", increment))


def build_reset(stream_id: int, code: ErrorCode) -> bytes:
    """Return an RST_STREAM frame."""
    return build(FrameType.RST_STREAM, Flag.NONE, stream_id, struct.pack(">I", code))


def build_goaway(last_stream_id: int, code: ErrorCode, reason: str = "") -> bytes:
    """Return a GOAWAY frame."""
    payload = struct.pack(">II", last_stream_id, code) + reason.encode()
    return build(FrameType.GOAWAY, Flag.NONE, 0, payload)


def parse_settings(payload: bytes) -> list[tuple[int, int]]:
    """Return (identifier, value) pairs, unknown ones included."""
    if len(payload) % 6:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS of a wrong length")
    return list(struct.iter_unpack(">HI", payload))


def parse_number(payload: bytes) -> int:
    """Return the one 32-bit number of an RST_STREAM or WINDOW_UPDATE frame."""
    if len(payload) != 4:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "frame of a wrong length")
    return int.from_bytes(payload, "big")


def content(frame: Frame) -> bytes:
    """Return a DATA or HEADERS frame's payload without padding and priority."""
    payload = frame.payload
    padding = 0
    start = 0
    if frame.flags & Flag.PADDED:
        if not payload:
            raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "no padding length")
        padding, start = payload[0], 1
    if frame.type == FrameType.HEADERS and frame.flags & Flag.PRIORITY:
        check_priority(payload[start : start + 5], frame.stream_id)
        start += 5
    if start + padding > len(payload):
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "padding longer than the frame")
    return payload[start : len(payload) - padding]


def check_priority(priority: bytes, stream_id: int) -> None:
    """Check what a PRIORITY frame holds, to ignore it then (RFC 9113 section 5.3.2)."""
    if len(priority) != 5:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "priority of a wrong length")
    if int.from_bytes(priority[:4], "big") & MAX_WINDOW == stream_id:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a stream that depends on itself")
