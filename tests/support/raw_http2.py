"""A peer of HTTP/2 that says whatever a test wants, over blocking TLS."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

from hpack import Encoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE = range(6)
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(6, 10)
END_STREAM = ACK = 0x01
END_HEADERS, PADDED, WITH_PRIORITY = 0x04, 0x08, 0x20
CALL = (
    (":method", "POST"),
    (":scheme", "https"),
    (":path", "/rpc.Marble/Activate"),
    (":authority", "localhost"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
)


class Frame(NamedTuple):
    """What came."""

    type: int
    flags: int
    stream_id: int
    payload: bytes

    @property
    def code(self) -> int:
        """The error code of an RST_STREAM or GOAWAY frame."""
        return int.from_bytes(self.payload[4:8] if self.type == GOAWAY else self.payload, "big")


def frame(type_: int, flags: int = 0, stream_id: int = 0, payload: bytes = b"") -> bytes:
    """Build a frame; its length may be a lie only if the test makes it one."""
    return len(payload).to_bytes(3, "big") + struct.pack(">BBI", type_, flags, stream_id) + payload


def settings(*pairs: tuple[int, int]) -> bytes:
    """Build a SETTINGS frame."""
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", *pair) for pair in pairs))


def window_update(stream_id: int, increment: int) -> bytes:
    """Build a WINDOW_UPDATE frame."""
    return frame(WINDOW_UPDATE, 0, stream_id, increment.to_bytes(4, "big"))


def block(fields: Sequence[tuple[str, str]] = CALL, *, huffman: bool = True) -> bytes:
    """Encode a header block that needs no dynamic table from before."""
    return bytes(Encoder().encode(list(fields), huffman=huffman))


def headers(stream_id: int, fields: Sequence[tuple[str, str]] = CALL, flags: int = 0) -> bytes:
    """Build a HEADERS frame."""
    return frame(HEADERS, END_HEADERS | flags, stream_id, block(fields))


def message(content: bytes = b"") -> bytes:
    """Prefix a message as gRPC does."""
    return b"\x00" + len(content).to_bytes(4, "big") + content


def call(stream_id: int = 1, content: bytes = b"") -> bytes:
    """Build a whole call of Activate."""
    body = message(content)
    return headers(stream_id) + frame(DATA, END_STREAM, stream_id, body)


class RawPeer:
    """One connection. Everything waits at most ``patience`` seconds."""

    def __init__(
        self, port: int, context: ssl.SSLContext, *, greet: bool = True, patience: float = 10.0
    ) -> None:
        plain = socket.create_connection(("127.0.0.1", port), patience)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain)
        self._buffer = b""
        if greet:
            self.send(PREFACE, settings())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        """Send, however often the server has hung up."""
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            self.socket.sendall(b"".join(parts))

    def frames(self) -> Iterator[Frame]:
        """Yield what comes until the server hangs up."""
        while True:
            while len(self._buffer) < 9 or len(self._buffer) < 9 + self._length():
                try:
                    received = self.socket.recv(65536)
                except (ConnectionError, ssl.SSLError):
                    return
                if not received:
                    return
                self._buffer += received
            end = 9 + self._length()
            type_, flags, stream_id = struct.unpack(">BBI", self._buffer[3:9])
            came = Frame(type_, flags, stream_id, self._buffer[9:end])
            self._buffer = self._buffer[end:]
            yield came

    def until(self, type_: int, stream_id: int = 0) -> Frame:
        """Return the next frame of a type on a stream; fail if the server hangs up before."""
        for came in self.frames():
            if (came.type, came.stream_id) == (type_, stream_id):
                return came
        raise AssertionError(f"hung up before a frame of type {type_}")

    def end(self) -> int | None:
        """Read to the end; return the error code of the GOAWAY, if one came."""
        code = None
        for came in self.frames():
            if came.type == GOAWAY:
                code = came.code
        return code

    def answer(self, stream_id: int = 1) -> bytes:
        """Return the body of a successful answer, and check that it is one."""
        body = b""
        for came in self.frames():
            if came.stream_id != stream_id:
                continue
            if came.type == DATA:
                body += came.payload
            elif came.type == HEADERS and came.flags & END_STREAM:
                assert b"grpc-status\x010" in came.payload, came
                return body
            else:
                assert came.type == HEADERS, came
        raise AssertionError("hung up before the end of the answer")

    def _length(self) -> int:
        return int.from_bytes(self._buffer[:3], "big")
