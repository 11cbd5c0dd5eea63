"""gRPC over HTTP/2 for unary calls: framing of messages and the form of answers.

Source: the gRPC project's "gRPC over HTTP2" protocol description and its list of status codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from ringtaw_coordinator.server.errors import GrpcCode
from ringtaw_coordinator.server.mesh.headers import TABLE_SIZE_ZERO, encode
from ringtaw_coordinator.server.mesh.stream import Refusal, Reply

CONTENT_TYPE: Final = "application/grpc"
PREFIX_SIZE: Final = 5
"""One byte that says whether the message is compressed, four of length."""
MAX_TEXT: Final = 2000
"""Bytes of a status text, so that it fits into 8 KiB of headers even if escaped altogether."""
_UNESCAPED: Final = "".join(chr(c) for c in range(0x20, 0x7F) if c != ord("%"))
_RESPONSE: Final = [
    (":status", "200"),
    ("content-type", CONTENT_TYPE),
    ("grpc-accept-encoding", "identity"),
]
_HEADERS: Final = TABLE_SIZE_ZERO + encode(_RESPONSE)
_TRAILERS: Final = encode([("grpc-status", "0")])


def success(message: bytes) -> Reply:
    """Return the answer that carries ``message``."""
    body = b"\x00" + len(message).to_bytes(4, "big") + message
    return Reply(_HEADERS, body, _TRAILERS)


def failure(code: GrpcCode, text: str) -> Reply:
    """Return an answer of status alone."""
    if len(encoded := text.encode()) > MAX_TEXT:
        text = encoded[:MAX_TEXT].decode(errors="ignore") + "..."
    escaped = quote(text, safe=_UNESCAPED)
    status = [("grpc-status", str(int(code))), ("grpc-message", escaped)]
    return Reply(TABLE_SIZE_ZERO + encode(_RESPONSE + status), code=code)


def check_headers(headers: Mapping[str, str]) -> None:
    """Check that this is a call.

    Raises:
        Refusal: It is plain HTTP.
    """
    if headers[":method"] != "POST":
        raise Refusal(_http("405"))
    content_type = headers.get("content-type", "")
    if content_type != CONTENT_TYPE and not content_type.startswith(
        (CONTENT_TYPE + "+", CONTENT_TYPE + ";")
    ):
        raise Refusal(_http("415"))


def _http(status: str) -> Reply:
    return Reply(TABLE_SIZE_ZERO + encode([(":status", status)]))


class MessageReader:
    """Takes the body of a request, which is exactly one message."""

    def __init__(self, max_message: int) -> None:
        self._max_message = max_message
        self._buffer = bytearray()
        self._end = 0

    def feed(self, data: bytes) -> None:
        """Take a part.

        Raises:
            Refusal: It is too large, compressed, or more than one message.
        """
        self._buffer += data
        if not self._end and len(self._buffer) >= PREFIX_SIZE:
            self._end = PREFIX_SIZE + self._length()
        if self._end and len(self._buffer) > self._end:
            raise Refusal(failure(GrpcCode.UNIMPLEMENTED, "one message expected, not more"))

    def _length(self) -> int:
        compressed, length = self._buffer[0], int.from_bytes(self._buffer[1:PREFIX_SIZE], "big")
        if compressed:
            raise Refusal(failure(GrpcCode.UNIMPLEMENTED, "compressed messages are not supported"))
        if length > self._max_message:
            text = f"message of {length} bytes is larger than the {self._max_message} allowed"
            raise Refusal(failure(GrpcCode.RESOURCE_EXHAUSTED, text))
        return length

    def message(self) -> bytes:
        """Return the message.

        Raises:
            Refusal: It is not complete.
        """
        if not self._end:
            raise Refusal(failure(GrpcCode.UNIMPLEMENTED, "one message expected, not none"))
        if len(self._buffer) != self._end:
            raise Refusal(failure(GrpcCode.INTERNAL, "message cut off"))
        return bytes(memoryview(self._buffer)[PREFIX_SIZE:])
