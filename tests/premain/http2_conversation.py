"""HTTP/2 for tests: a channel that plays a server's bytes, and those bytes made by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

from ringtaw_premain import _hpack
from ringtaw_premain._frames import (
    ACK,
    END_HEADERS,
    END_STREAM,
    HEADER_SIZE,
    PREFACE,
    Frame,
    FrameType,
    encode_frame,
)
from ringtaw_premain.errors import UnreachableError

SETTINGS = encode_frame(FrameType.SETTINGS, 0, 0)
SETTINGS_ACK = encode_frame(FrameType.SETTINGS, ACK, 0)
OK_HEADERS = [(b":status", b"200"), (b"content-type", b"application/grpc")]
OK_TRAILERS = [(b"grpc-status", b"0"), (b"grpc-message", b"")]


@dataclass
class Playback:
    """A channel that has received everything already, and then ends."""

    incoming: bytes
    chunk: int = 1 << 20
    sent: bytearray = field(default_factory=bytearray)

    def send(self, data: bytes) -> None:
        self.sent += data

    def receive(self, limit: int) -> bytes:
        size = min(limit, self.chunk)
        data, self.incoming = self.incoming[:size], self.incoming[size:]
        if not data:
            raise UnreachableError("the Coordinator closed the connection")
        return data

    def sent_frames(self) -> list[Frame]:
        assert self.sent.startswith(PREFACE)
        return frames_in(bytes(self.sent[len(PREFACE) :]))


def frames_in(data: bytes) -> list[Frame]:
    frames = []
    while data:
        size = int.from_bytes(data[:3])
        payload = data[HEADER_SIZE : HEADER_SIZE + size]
        frames.append(Frame(data[3], data[4], int.from_bytes(data[5:9]), payload))
        data = data[HEADER_SIZE + size :]
    return frames


def headers(fields: list[_hpack.Header], flags: int = END_HEADERS, stream: int = 1) -> bytes:
    return encode_frame(FrameType.HEADERS, flags, stream, _hpack.encode(fields))


def trailers(fields: list[_hpack.Header]) -> bytes:
    return headers(fields, END_HEADERS | END_STREAM)


def data(content: bytes, flags: int = 0, stream: int = 1) -> bytes:
    return encode_frame(FrameType.DATA, flags, stream, content)


def data_frames(content: bytes) -> bytes:
    return b"".join(data(content[start : start + 16384]) for start in range(0, len(content), 16384))


def grpc_message(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4) + message


def answer(message: bytes) -> bytes:
    """What a gRPC server sends for one successful call."""
    body = data_frames(grpc_message(message))
    return SETTINGS + SETTINGS_ACK + headers(OK_HEADERS) + body + trailers(OK_TRAILERS)
