"""A request to the client API: what a handler sees of it, and the reading of its body."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ringtaw_coordinator.core.api import ClientFacade
from ringtaw_coordinator.server.budget import Budget
from ringtaw_coordinator.server.client.jsend import Json
from ringtaw_coordinator.server.limits import ClientLimits

MAX_VALUES: Final = 10_000
"""Values in a JSON body, large ones included: parsing must not cost a stranger's megabytes."""
_SEPARATORS: Final = (b",", b"[", b"{")


class RequestError(Exception):
    """The request is not as it should be; ``data`` says more to programs."""

    def __init__(self, status: int, message: str, data: Json = None) -> None:
        super().__init__(message)
        self.status = status
        self.data = data


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """What handlers work with. ``certificate`` is the client's (DER), empty if it has none."""

    facade: ClientFacade
    query: Mapping[str, Sequence[str]]
    body: bytes
    certificate: bytes

    def json_object(self) -> dict[str, object]:
        """Return the body as a JSON object whose keys are in lower case: any case is accepted.

        Raises:
            RequestError: It is none.
        """
        if sum(map(self.body.count, _SEPARATORS)) > MAX_VALUES:
            raise RequestError(400, f"the body has more than {MAX_VALUES:,} values")
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise RequestError(400, f"the body is not JSON: {reason}") from None
        if not isinstance(content, dict):
            raise RequestError(400, "the body is not a JSON object")
        return {key.lower(): value for key, value in content.items()}

    def json_bytes(self, name: str) -> bytes:
        """Return the base64 value of ``name`` in the body.

        Raises:
            RequestError: There is none, or it is not base64.
        """
        value = self.json_object().get(name.lower())
        if not isinstance(value, str):
            raise RequestError(400, f'the body needs "{name}", a base64 string')
        try:
            return b64decode(value.replace("\r", "").replace("\n", ""), validate=True)
        except (Base64Error, ValueError):
            raise RequestError(400, f'"{name}" is not base64 (standard alphabet, padded)') from None


class BodyReader:
    """Reads bodies within the limit of one, and of all together."""

    def __init__(self, limits: ClientLimits) -> None:
        self._limits = limits
        self._budget = Budget(limits.max_buffered)

    async def read(self, request: web.BaseRequest) -> Body:
        """Read the body; the caller releases it.

        Raises:
            RequestError: It is too large, too slow or does not parse.
            ConnectionError: The client went away.
        """
        if (request.content_length or 0) > self._limits.max_body:
            raise self._too_large()
        body = Body(self._budget)
        try:
            async with asyncio.timeout(self._limits.request_timeout):
                await self._fill(body, request)
        except BaseException as error:
            body.release()
            if isinstance(error, TimeoutError):
                raise RequestError(408, "the body took too long") from None
            raise
        return body

    async def _fill(self, body: Body, request: web.BaseRequest) -> None:
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            async for chunk in request.content.iter_any():
                if body.size + len(chunk) > self._limits.max_body:
                    raise self._too_large()
                if not body.grow(chunk):
                    raise RequestError(503, "the Coordinator is busy; try again later")
        except (web.RequestPayloadError, HttpProcessingError):
            raise RequestError(400, "the body does not parse") from None

    def _too_large(self) -> RequestError:
        return RequestError(413, f"the body is larger than {self._limits.max_body} bytes")


class Body:
    """A body with its share of the budget."""

    def __init__(self, budget: Budget) -> None:
        self.size = 0
        self._chunks: list[bytes] = []
        self._budget = budget

    def grow(self, chunk: bytes) -> bool:
        """Append ``chunk`` if there is room for it."""
        if not self._budget.reserve(len(chunk)):
            return False
        self.size += len(chunk)
        self._chunks.append(chunk)
        return True

    def take(self) -> bytes:
        """Return the content, and keep none of it."""
        content = b"".join(self._chunks)
        self._chunks.clear()
        return content

    def release(self) -> None:
        """Give the share of the budget back."""
        self._budget.release(self.size)
        self.size = 0
