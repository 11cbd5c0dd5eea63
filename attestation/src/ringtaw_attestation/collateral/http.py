"""One bounded GET over HTTP or HTTPS.

Collateral is signed, so plain HTTP betrays nothing and forges nothing; what somebody on the way can
do is withhold it, or send older collateral that has not expired yet.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from email.message import Message
from functools import partial
from typing import IO, Any, Final, Self

from ringtaw_attestation.errors import CollateralUnavailableError, ConfigurationError

MAX_BODY: Final = 4 * 1024 * 1024
_PIECE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of status 200."""

    body: bytes
    headers: Message


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect as the answer it is, so that it fails for its status."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:
        return None


class _Watch:
    """Cuts the connections of a request when its time is over, whatever goes on in them.

    A timeout of the socket begins anew with each byte, and OpenSSL does not come back from reading
    while a server sends what it passes over, such as HelloRequest (RFC 5246, section 7.4.1.1).
    """

    def __init__(self, seconds: float) -> None:
        self._connections = ExitStack()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._connections.close()

    def add(self, connection: socket.socket) -> None:
        """Watch one more; TLS takes the object away, and so another one is kept for the same."""
        same = socket.socket(fileno=os.dup(connection.fileno()))
        self._open.append(self._connections.enter_context(same))

    def _cut(self) -> None:
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Connection(http.client.HTTPConnection):
    """Is watched as soon as it is there: before TLS, if it is of HTTPS."""

    watch: _Watch

    def connect(self) -> None:
        super().connect()
        self.watch.add(self.sock)


class _SecureConnection(http.client.HTTPSConnection, _Connection):
    """Connects as :class:`_Connection` does, then makes TLS of it."""


class _Handler(urllib.request.HTTPSHandler, urllib.request.HTTPHandler):
    def __init__(self, watch: _Watch, tls: ssl.SSLContext) -> None:
        super().__init__(context=tls)
        self._watch = watch
        self._tls = tls

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(self._watched, _Connection), req)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(self._watched, _SecureConnection), req, context=self._tls)

    def _watched(self, kind: type[_Connection], host: str, **settings: Any) -> _Connection:
        connection = kind(host, **settings)
        connection.watch = self._watch
        return connection


class HttpClient:
    """Fetches from any server, within ``timeout`` seconds in all per request."""

    def __init__(self, timeout: float, tls: ssl.SSLContext | None = None) -> None:
        self._timeout = timeout
        self._tls = tls or ssl.create_default_context()

    def get(self, url: str) -> Answer:
        """Fetch a URL.

        Raises:
            CollateralUnavailableError: No complete answer of status 200 came in time.
        """
        deadline = time.monotonic() + self._timeout
        try:
            return self._get(url, deadline)
        except urllib.error.HTTPError as error:
            error.close()
            raise _unavailable(url, f"HTTP status {error.code}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            if time.monotonic() > deadline:
                raise _unavailable(url, "no complete answer in time") from None
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise _unavailable(url, str(reason) or type(error).__name__) from error

    def _get(self, url: str, deadline: float) -> Answer:
        with _Watch(self._timeout) as watch:
            opener = urllib.request.build_opener(_NoRedirects, _Handler(watch, self._tls))
            with opener.open(url, timeout=self._timeout) as response:
                answer = Answer(_read(response), response.headers)
        if time.monotonic() > deadline:
            raise TimeoutError  # what was cut may look complete
        return answer


def check_url(url: str) -> str:
    """Return a base URL without slash at the end.

    Raises:
        ConfigurationError: It is not a URL of HTTP or HTTPS.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        usable = usable and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(f"{url!r} is not a URL of HTTP or HTTPS without user name")
    return url.rstrip("/")


def _read(response: http.client.HTTPResponse) -> bytes:
    body = bytearray()
    while piece := response.read1(_PIECE):
        body += piece
        if len(body) > MAX_BODY:
            raise ValueError(f"answer is longer than {MAX_BODY} bytes")
    if response.length:
        raise ValueError("answer is cut off")
    return bytes(body)


def _unavailable(url: str, reason: str) -> CollateralUnavailableError:
    return CollateralUnavailableError(
        f"cannot fetch {url}: {reason}", hint="is the PCCS running and reachable?"
    )
