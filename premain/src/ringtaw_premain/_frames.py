"""HTTP/2 frames (RFC 9113 sections 4 and 6): writing them, and reading them within limits."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

from ringtaw_premain.errors import TransportError

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER_SIZE: Final = 9
MAX_FRAME_SIZE: Final = 16384
"""Bytes of payload: the default of SETTINGS_MAX_FRAME_SIZE, valid in both directions."""
DEFAULT_WINDOW: Final = 65535
MAX_WINDOW: Final = (1 << 31) - 1

END_STREAM: Final = 0x1
ACK: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
PRIORITY_FIELDS: Final = 0x20


class FrameType(IntEnum):
    """Section 6."""

    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


class Setting(IntEnum):
    """Section 6.5.2, those that matter here."""

    ENABLE_PUSH = 2
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6


class Frame(NamedTuple):
    """One frame; ``type`` is a number since unknown types are legal."""

    type: int
    flags: int
    stream: int
    payload: bytes


class Channel(Protocol):
    """A byte stream that is connected; both calls raise TransportError, also at a deadline."""

    def send(self, data: bytes) -> None:
        """Send everything."""

    def receive(self, limit: int) -> bytes:
        """Return at least one byte and at most ``limit``; the end of the stream is an error."""


def encode_frame(kind: FrameType, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Encode a frame."""
    head = len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4)
    return head + payload


def encode_settings(settings: dict[Setting, int]) -> bytes:
    """Encode a SETTINGS frame."""
    payload = b"".join(key.to_bytes(2) + value.to_bytes(4) for key, value in settings.items())
    return encode_frame(FrameType.SETTINGS, 0, 0, payload)


def encode_window_update(stream: int, increment: int) -> bytes:
    """Encode a WINDOW_UPDATE frame."""
    return encode_frame(FrameType.WINDOW_UPDATE, 0, stream, increment.to_bytes(4))


def encode_headers(stream: int, block: bytes) -> bytes:
    """Encode a header block as HEADERS and as many CONTINUATION frames as it needs."""
    frames = bytearray()
    for start in range(0, len(block), MAX_FRAME_SIZE):
        kind = FrameType.CONTINUATION if start else FrameType.HEADERS
        flags = END_HEADERS if start + MAX_FRAME_SIZE >= len(block) else 0
        frames += encode_frame(kind, flags, stream, block[start : start + MAX_FRAME_SIZE])
    return bytes(frames)


def decode_settings(payload: bytes) -> Iterator[tuple[int, int]]:
    """Yield the settings of a SETTINGS frame.

    Raises:
        TransportError: The payload is malformed.
    """
    if len(payload) % 6:
        raise TransportError("malformed HTTP/2: SETTINGS of a wrong size")
    for start in range(0, len(payload), 6):
        entry = payload[start : start + 6]
        yield int.from_bytes(entry[:2]), int.from_bytes(entry[2:])


def unpadded(frame: Frame) -> bytes:
    """Return the payload of a DATA or HEADERS frame without padding and priority.

    Raises:
        TransportError: The padding is longer than the payload.
    """
    payload, padding = frame.payload, 0
    if frame.flags & PADDED:
        if not payload:
            raise TransportError("malformed HTTP/2: a padded frame without padding")
        padding, payload = payload[0], payload[1:]
    if frame.type == FrameType.HEADERS and frame.flags & PRIORITY_FIELDS:
        if len(payload) < 5:
            raise TransportError("malformed HTTP/2: HEADERS too short")
        payload = payload[5:]
    if padding > len(payload):
        raise TransportError("malformed HTTP/2: more padding than payload")
    return payload[: len(payload) - padding]


class FrameReader:
    """Reads frame after frame and never holds more than one of them and a receive buffer."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._buffer = bytearray()

    def read(self) -> Frame:
        """Return the next frame.

        Raises:
            TransportError: The frame is too large, or the channel failed.
        """
        head = self._take(HEADER_SIZE)
        size = int.from_bytes(head[:3])
        if size > MAX_FRAME_SIZE:
            raise TransportError(
                f"a frame of {size} bytes: this is no HTTP/2, or beyond its limits",
                hint="does EDG_MARBLE_COORDINATOR_ADDR name the Coordinator's mesh API?",
            )
        stream = int.from_bytes(head[5:]) & MAX_WINDOW
        return Frame(head[3], head[4], stream, self._take(size))

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._buffer += self._channel.receive(MAX_FRAME_SIZE + HEADER_SIZE)
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken
