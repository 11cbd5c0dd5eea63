"""One HTTP/1.1 exchange over one TLS connection, with an end to everything.

Proxies of the environment are not used and redirects not followed: both would lead to somebody else
than the address names.
"""

from __future__ import annotations

import io
import json
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import Any, Final, cast
from urllib.parse import urlencode

from ringtaw_client._connection import Connect, open_connection, unreachable
from ringtaw_client._deadline import Deadline
from ringtaw_client.address import Address
from ringtaw_client.errors import ProtocolError, UnreachableError
from ringtaw_client.limits import Limits

PIECE: Final = 64 * 1024
_USER_AGENT: Final = "ringtaw-client"
_HINT: Final = "is the address right, and is the Coordinator's client API (port 4433) running?"


@dataclass(frozen=True, slots=True)
class Request:
    """A request; the body is JSON."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)

    @classmethod
    def get(cls, path: str, *query: tuple[str, str]) -> Request:
        """Return a GET."""
        return cls("GET", path, query)

    @classmethod
    def post(cls, path: str, content: Any = None) -> Request:
        """Return a POST of a JSON value; None is no body."""
        body = b"" if content is None else json.dumps(content, separators=(",", ":")).encode()
        return cls("POST", path, body=body)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def encode(self, address: Address) -> bytes:
        """Return head and body."""
        target = f"{self.path}?{urlencode(self.query)}" if self.query else self.path
        lines = [
            f"{self.method} {target} HTTP/1.1",
            f"Host: {address}",
            f"User-Agent: {_USER_AGENT}",
            "Accept: application/json",
            "Connection: close",
        ]
        if self.method == "POST":
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode("ascii") + self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and from whom: the certificate (DER) at the other end of TLS."""

    status: int
    body: bytes = field(repr=False)
    certificate: bytes


def exchange(
    address: Address, request: Request, connect: Connect, limits: Limits, max_answer: int
) -> Answer:
    """Send a request on a connection of its own, and read the whole answer.

    Raises:
        UnreachableError: There is no connection, or no answer in time.
        ProtocolError: The answer is not HTTP, or larger than ``max_answer`` bytes.
    """
    where = f"https://{address}"
    deadline = Deadline(limits.total_timeout)
    try:
        with (
            open_connection(address, connect, limits, deadline, _HINT) as connection,
            deadline.cutting(connection),
        ):
            certificate = connection.getpeercert(binary_form=True) or b""
            failure = _send(connection, request.encode(address), limits, deadline)
            try:
                status, body = _receive(connection, request, limits, deadline, max_answer)
            except OSError as error:
                raise failure or error from None
            return Answer(status, body, certificate)
    except TimeoutError:
        raise UnreachableError(
            f"{request}: no complete answer in time", where=where, hint="try a longer timeout"
        ) from None
    except OSError as error:  # ssl.SSLError too
        raise unreachable(error, where, f"{request}: the connection broke") from None
    except (HTTPException, ValueError) as error:
        raise ProtocolError(
            f"{request}: the answer is not HTTP: {type(error).__name__}", where=where
        ) from None
    except ProtocolError as error:
        raise ProtocolError(f"{request}: {error.message}", where=where, hint=error.hint) from None


def _send(
    connection: ssl.SSLSocket, data: bytes, limits: Limits, deadline: Deadline
) -> OSError | None:
    """Send all; return what stopped it: the server may have refused before the end and said so."""
    view = memoryview(data)
    try:
        while view:
            connection.settimeout(deadline.remaining(limits.silence_timeout))
            view = view[connection.send(view[:PIECE]) :]
    except TimeoutError:
        raise
    except OSError as error:
        return error
    return None


def _receive(
    connection: ssl.SSLSocket,
    request: Request,
    limits: Limits,
    deadline: Deadline,
    max_answer: int,
) -> tuple[int, bytes]:
    incoming = _Incoming(connection, limits, deadline, max_answer)
    with HTTPResponse(cast(socket.socket, incoming), method=request.method) as response:
        response.begin()
        if (response.length or 0) > max_answer:
            raise _too_large(max_answer)
        pieces, size = [], 0
        while piece := response.read(PIECE):
            size += len(piece)
            if size > max_answer:
                raise _too_large(max_answer)
            pieces.append(piece)
        if response.length:
            raise ProtocolError("the answer ends before its end")
        return response.status, b"".join(pieces)


def _too_large(max_answer: int) -> ProtocolError:
    return ProtocolError(f"the answer is larger than {max_answer:,} bytes")


class _Incoming(io.RawIOBase):
    """What the server sends, until the deadline; looks like a socket to ``HTTPResponse``."""

    def __init__(
        self, connection: ssl.SSLSocket, limits: Limits, deadline: Deadline, max_answer: int
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._deadline = deadline
        self._room = 2 * max_answer
        """For header fields, interim answers, marks of chunks, and what follows those."""

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, PIECE)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._deadline.remaining(self._limits.silence_timeout))
        size = self._connection.recv_into(buffer)
        if not size:
            self._deadline.remaining(self._limits.silence_timeout)  # was it cut?
        self._room -= size
        if self._room < 0:
            raise ProtocolError("the answer has more around it than in it")
        return size
