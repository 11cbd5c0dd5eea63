"""One bounded GET over HTTP or HTTPS.

Collateral is signed, so plain HTTP betrays nothing and forges nothing; what somebody on the way can
do is withhold it, or send older collateral that has not expired yet.
"""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import IO, Final

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


class HttpClient:
    """Fetches from any server, within ``timeout`` seconds in all per request."""

    def __init__(self, timeout: float, tls: ssl.SSLContext | None = None) -> None:
        self._timeout = timeout
        self._opener = urllib.request.build_opener(
            _NoRedirects, urllib.request.HTTPSHandler(context=tls or ssl.create_default_context())
        )

    def get(self, url: str) -> Answer:
        """Fetch a URL.

        Raises:
            CollateralUnavailableError: No complete answer of status 200 came in time.
        """
        deadline = time.monotonic() + self._timeout
        try:
            with self._opener.open(url, timeout=self._timeout) as response:
                return Answer(_read(response, deadline), response.headers)
        except urllib.error.HTTPError as error:
            error.close()
            raise _unavailable(url, f"HTTP status {error.code}") from None
        except urllib.error.URLError as error:
            raise _unavailable(url, str(error.reason)) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _unavailable(url, str(error) or type(error).__name__) from error


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


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    body = bytearray()
    while piece := response.read1(_PIECE):
        body += piece
        if len(body) > MAX_BODY:
            raise ValueError(f"answer is longer than {MAX_BODY} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError("answer takes too long")
    if response.length:
        raise ValueError("answer is cut off")
    return bytes(body)


def _unavailable(url: str, reason: str) -> CollateralUnavailableError:
    return CollateralUnavailableError(
        f"cannot fetch {url}: {reason}", hint="is the PCCS running and reachable?"
    )
