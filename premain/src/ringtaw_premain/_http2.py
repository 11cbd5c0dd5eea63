"""One HTTP/2 request on a connection of its own, as a client (RFC 9113).

Everything the server sends is bounded: frames by the default of SETTINGS_MAX_FRAME_SIZE, headers
by :data:`MAX_HEADERS`, the body by the flow-control window, which is as large as the largest answer
and is never opened further.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from ringtaw_premain import _frames, _hpack
from ringtaw_premain._frames import Channel, Frame, FrameReader, FrameType, Setting
from ringtaw_premain._upload import Upload
from ringtaw_premain.errors import TransportError, UnreachableError

MAX_HEADERS: Final = 16384
"""Bytes of one header block, and of the list decoded from it."""
STREAM: Final = 1
_REFUSED_STREAM: Final = 7
_ERROR_NAMES: Final = """
    NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT STREAM_CLOSED
    FRAME_SIZE_ERROR REFUSED_STREAM CANCEL COMPRESSION_ERROR CONNECT_ERROR ENHANCE_YOUR_CALM
    INADEQUATE_SECURITY HTTP_1_1_REQUIRED
""".split()  # noqa: SIM905  (a list of 14 lines says no more)


class Response(NamedTuple):
    """A whole response; ``trailers`` are the ``headers`` if the stream ended with these."""

    headers: dict[bytes, bytes]
    body: bytes
    trailers: dict[bytes, bytes]

    def __repr__(self) -> str:
        return f"Response({self.headers}, {len(self.body)} bytes, {self.trailers})"


def exchange(
    channel: Channel, headers: list[_hpack.Header], body: bytes, max_response: int
) -> Response:
    """Send a request and return its response, whose body is at most ``max_response`` bytes.

    Raises:
        UnreachableError: The server did not process the request.
        TransportError: The server broke the protocol or a limit, or gave the request up.
    """
    return _Exchange(channel, body, max_response).run(headers)


class _Exchange:
    """The one stream of a connection, and what little state the connection itself has."""

    def __init__(self, channel: Channel, body: bytes, max_response: int) -> None:
        self._channel = channel
        self._reader = FrameReader(channel)
        self._decoder = _hpack.Decoder(MAX_HEADERS)
        self._headers: dict[bytes, bytes] = {}
        self._body = bytearray()
        self._trailers: dict[bytes, bytes] = {}
        self._complete = False
        self._upload = Upload(STREAM, body)
        self._max_response = max_response
        # One byte more than the largest body, so that a larger one shows instead of stalling.
        self._window = max(max_response + 1, _frames.DEFAULT_WINDOW)
        self._handlers: dict[int, Callable[[Frame], None]] = {
            FrameType.DATA: self._on_data,
            FrameType.HEADERS: self._on_headers,
            FrameType.RST_STREAM: self._on_reset,
            FrameType.SETTINGS: self._on_settings,
            FrameType.PUSH_PROMISE: self._on_unexpected,
            FrameType.PING: self._on_ping,
            FrameType.GOAWAY: self._on_goaway,
            FrameType.WINDOW_UPDATE: self._on_window_update,
            FrameType.CONTINUATION: self._on_unexpected,
        }

    def run(self, headers: list[_hpack.Header]) -> Response:
        request = _frames.encode_headers(STREAM, _hpack.encode(headers)) + self._upload.frames()
        self._channel.send(self._opening() + request)
        frame = self._reader.read()
        if frame.type != FrameType.SETTINGS or frame.flags & _frames.ACK:
            raise _malformed("the connection does not begin with SETTINGS")
        self._on_settings(frame)
        while not self._complete:
            frame = self._reader.read()
            # PRIORITY means nothing to a client; frames of unknown types are ignored (4.1).
            self._handlers.get(frame.type, _ignore)(frame)
        return Response(self._headers, bytes(self._body), self._trailers)

    def _opening(self) -> bytes:
        settings = {
            Setting.ENABLE_PUSH: 0,
            Setting.INITIAL_WINDOW_SIZE: self._window,
            Setting.MAX_HEADER_LIST_SIZE: MAX_HEADERS,
        }
        opening = _frames.PREFACE + _frames.encode_settings(settings)
        growth = self._window - _frames.DEFAULT_WINDOW
        return opening + (_frames.encode_window_update(0, growth) if growth else b"")

    def _on_settings(self, frame: Frame) -> None:
        _check(frame, stream=0)
        if frame.flags & _frames.ACK:
            return
        for key, value in _frames.decode_settings(frame.payload):
            if key == Setting.INITIAL_WINDOW_SIZE:
                self._upload.set_initial_window(value)
        acknowledgement = _frames.encode_frame(FrameType.SETTINGS, _frames.ACK, 0)
        self._channel.send(acknowledgement + self._upload.frames())

    def _on_headers(self, frame: Frame) -> None:
        _check(frame, stream=STREAM)
        fields = dict(self._decoder.decode(self._header_block(frame)))
        ended = bool(frame.flags & _frames.END_STREAM)
        if not self._headers:
            status = fields.get(b":status", b"")
            if len(status) != 3 or not status.isdigit():
                raise _malformed("HEADERS without a status")
            if status.startswith(b"1") and not ended:
                return  # an interim response (RFC 9110 section 15.2)
            self._headers = fields
        elif not ended:
            raise _malformed("HEADERS in the middle of the body")
        if ended:
            self._trailers, self._complete = fields, True

    def _header_block(self, frame: Frame) -> bytes:
        """Section 6.10: CONTINUATION frames follow immediately until the block is complete."""
        block = bytearray(_frames.unpadded(frame))
        while not frame.flags & _frames.END_HEADERS:
            frame = self._reader.read()
            if frame.type != FrameType.CONTINUATION or frame.stream != STREAM:
                raise _malformed("HEADERS without their CONTINUATION")
            block += frame.payload
            if len(block) > MAX_HEADERS:
                raise TransportError(f"the headers are larger than {MAX_HEADERS} bytes")
        return bytes(block)

    def _on_data(self, frame: Frame) -> None:
        _check(frame, stream=STREAM)
        content = _frames.unpadded(frame)
        padding = len(frame.payload) - len(content)
        self._body += content
        if not self._headers:
            raise _malformed("DATA before HEADERS")
        if len(self._body) > self._max_response:
            raise TransportError(f"the answer is larger than {self._max_response} bytes")
        if padding:  # counts against the windows too (section 6.9.1)
            updates = (_frames.encode_window_update(stream, padding) for stream in (0, STREAM))
            self._channel.send(b"".join(updates))
        self._complete = bool(frame.flags & _frames.END_STREAM)

    def _on_window_update(self, frame: Frame) -> None:
        if frame.stream not in (0, STREAM):
            raise _malformed(f"WINDOW_UPDATE on stream {frame.stream}")
        _check(frame, size=4)
        self._upload.open_window(frame.stream, _number(frame.payload))
        frames = self._upload.frames()
        if frames:
            self._channel.send(frames)

    def _on_ping(self, frame: Frame) -> None:
        _check(frame, stream=0, size=8)
        if not frame.flags & _frames.ACK:
            self._channel.send(_frames.encode_frame(FrameType.PING, _frames.ACK, 0, frame.payload))

    def _on_reset(self, frame: Frame) -> None:
        _check(frame, stream=STREAM, size=4)
        code = _number(frame.payload)
        error = UnreachableError if code == _REFUSED_STREAM else TransportError
        raise error(f"the Coordinator broke off the call: {_error_name(code)}")

    def _on_goaway(self, frame: Frame) -> None:
        """Section 6.8: streams up to the last one named still get their answer."""
        _check(frame, stream=0)
        if len(frame.payload) < 8:
            raise _malformed("GOAWAY of a wrong size")
        if _number(frame.payload[:4]) < STREAM:
            reason = _error_name(int.from_bytes(frame.payload[4:8]))
            raise UnreachableError(f"the Coordinator closes the connection: {reason}")

    def _on_unexpected(self, frame: Frame) -> None:
        raise _malformed(f"unexpected {FrameType(frame.type).name}")


def _ignore(frame: Frame) -> None:
    pass


def _check(frame: Frame, *, stream: int | None = None, size: int | None = None) -> None:
    if stream is not None and frame.stream != stream:
        raise _malformed(f"{FrameType(frame.type).name} on stream {frame.stream}")
    if size is not None and len(frame.payload) != size:
        raise _malformed(f"{FrameType(frame.type).name} of a wrong size")


def _number(payload: bytes) -> int:
    return int.from_bytes(payload) & _frames.MAX_WINDOW


def _error_name(code: int) -> str:
    return _ERROR_NAMES[code] if code < len(_ERROR_NAMES) else f"error {code}"


def _malformed(what: str) -> TransportError:
    return TransportError(
        f"malformed HTTP/2: {what}",
        hint="does EDG_MARBLE_COORDINATOR_ADDR name the Coordinator's mesh API?",
    )
