"""The body of an HTTP/2 request, sent as far as flow control lets it (RFC 9113 section 6.9)."""

from __future__ import annotations

from ringtaw_premain._frames import (
    DEFAULT_WINDOW,
    END_STREAM,
    MAX_FRAME_SIZE,
    MAX_WINDOW,
    FrameType,
    encode_frame,
)
from ringtaw_premain.errors import TransportError


class Upload:
    """What is still unsent of a body, and the windows of its stream and of the connection."""

    def __init__(self, stream: int, body: bytes) -> None:
        self._stream = stream
        self._unsent = body
        self._initial_window = DEFAULT_WINDOW
        self._windows = {0: DEFAULT_WINDOW, stream: DEFAULT_WINDOW}

    def frames(self) -> bytes:
        """Return the DATA frames that may be sent now, possibly none."""
        frames = bytearray()
        while self._unsent:
            size = min(MAX_FRAME_SIZE, *self._windows.values())
            if size <= 0:
                break
            chunk, self._unsent = self._unsent[:size], self._unsent[size:]
            for stream in self._windows:
                self._windows[stream] -= len(chunk)
            flags = 0 if self._unsent else END_STREAM
            frames += encode_frame(FrameType.DATA, flags, self._stream, chunk)
        return bytes(frames)

    def set_initial_window(self, size: int) -> None:
        """Apply SETTINGS_INITIAL_WINDOW_SIZE, which may make the stream's window negative."""
        if size > MAX_WINDOW:
            raise TransportError("malformed HTTP/2: a flow-control window grew too large")
        growth, self._initial_window = size - self._initial_window, size
        self._grow(self._stream, growth)

    def open_window(self, stream: int, increment: int) -> None:
        """Apply a WINDOW_UPDATE."""
        if not increment:
            raise TransportError("malformed HTTP/2: WINDOW_UPDATE by nothing")
        self._grow(stream, increment)

    def _grow(self, stream: int, growth: int) -> None:
        self._windows[stream] += growth
        if self._windows[stream] > MAX_WINDOW:
            raise TransportError("malformed HTTP/2: a flow-control window grew too large")
