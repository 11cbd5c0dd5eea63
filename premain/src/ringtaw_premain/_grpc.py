"""One unary gRPC call (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md)."""

from __future__ import annotations

import re
from typing import Final

from ringtaw_premain import __version__
from ringtaw_premain._frames import Channel
from ringtaw_premain._http2 import Response, exchange
from ringtaw_premain.errors import RefusedError, TransportError, UnreachableError

MAX_MESSAGE: Final = 4 * 1024 * 1024
"""Bytes of an answer: the default limit of every gRPC implementation."""
_PREFIX_SIZE: Final = 5
_STATUS_NAMES: Final = """
    OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS
    PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED
    INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED
""".split()  # noqa: SIM905  (a list of 17 lines says no more)
_UNAVAILABLE_BY_HTTP: Final = (b"429", b"502", b"503", b"504")


def call(channel: Channel, authority: str, method: str, message: bytes, timeout: float) -> bytes:
    """Call a method with an encoded message and return the encoded answer.

    ``timeout``, in seconds, is told to the server; keeping it is the channel's business.

    Raises:
        UnreachableError: The server was not reached, or said UNAVAILABLE.
        RefusedError: The server answered with any other status.
        TransportError: The answer is malformed or too large.
    """
    headers = [
        (b":method", b"POST"),
        (b":scheme", b"https"),
        (b":path", method.encode("ascii")),
        (b":authority", authority.encode("ascii")),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
        (b"user-agent", f"ringtaw-premain/{__version__}".encode("ascii")),
        (b"grpc-timeout", b"%dm" % max(1, timeout * 1000)),
    ]
    prefixed = b"\x00" + len(message).to_bytes(4) + message
    response = exchange(channel, headers, prefixed, _PREFIX_SIZE + MAX_MESSAGE)
    _check_status(response)
    return _message(response.body)


def _check_status(response: Response) -> None:
    status = response.trailers.get(b"grpc-status")
    if status is None:
        raise _without_status(response)
    code = int(status) if status.isdigit() and len(status) < 3 else len(_STATUS_NAMES)
    name = _STATUS_NAMES[code] if code < len(_STATUS_NAMES) else f"status {status!r}"
    if name == "OK":
        return
    details = _percent_decoded(response.trailers.get(b"grpc-message", b""))
    if name == "UNAVAILABLE":
        raise UnreachableError(f"the Coordinator is unavailable: {details}")
    raise RefusedError(name, details)


def _without_status(response: Response) -> TransportError:
    """What a proxy or another server answers; by which HTTP status, gRPC's mapping says."""
    status = response.headers[b":status"]
    if status in _UNAVAILABLE_BY_HTTP:
        return UnreachableError(f"HTTP status {status.decode()} instead of a gRPC answer")
    return TransportError(
        f"HTTP status {status.decode()} without a gRPC status",
        hint="does EDG_MARBLE_COORDINATOR_ADDR name the Coordinator's mesh API?",
    )


def _message(body: bytes) -> bytes:
    if len(body) < _PREFIX_SIZE or len(body) != _PREFIX_SIZE + int.from_bytes(body[1:5]):
        raise TransportError("malformed gRPC: not exactly one message in the answer")
    if body[0]:
        raise TransportError("malformed gRPC: the answer is compressed, which was not offered")
    return body[_PREFIX_SIZE:]


def _percent_decoded(text: bytes) -> str:
    decoded = re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes.fromhex(match[1].decode()), text)
    return decoded.decode(errors="replace")
