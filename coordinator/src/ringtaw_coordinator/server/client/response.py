"""An answer of the client API as HTTP/1.1 writes it."""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final, NamedTuple

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_FIELDS: Final = (
    b"Cache-Control: no-store\r\n"
    b"Content-Type: application/json\r\n"
    b"Server: ringtaw\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
)


class Response(NamedTuple):
    """Status and JSON."""

    status: int
    body: bytes
    methods: tuple[str, ...] = ()
    """Those that the path has, if the request's is not among them."""

    def head(self, *, closes: bool) -> bytes:
        """Return what is sent before the body, and say if the connection ends with it."""
        lines = [_beginning(self.status, int(time.time()))]
        if self.methods:
            lines.append(f"Allow: {', '.join(self.methods)}\r\n".encode())
        if closes:
            lines.append(b"Connection: close\r\n")
        lines.append(b"Content-Length: %d\r\n\r\n" % len(self.body))
        return b"".join(lines)


@lru_cache(maxsize=16)
def _beginning(status: int, seconds: int) -> bytes:
    """Return what answers of one status begin with at one time (RFC 9110 section 6.6.1)."""
    line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
    return f"{line}Date: {formatdate(seconds, usegmt=True)}\r\n".encode() + _FIELDS
