"""Reads the bodies of requests, within limits."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ringtaw_coordinator.server.budget import Budget
from ringtaw_coordinator.server.client.endpoint import RequestError
from ringtaw_coordinator.server.limits import ClientLimits


class BodyReader:
    """Reads bodies within the limit of one, and of all together."""

    def __init__(self, limits: ClientLimits) -> None:
        self._limits = limits
        self._budget = Budget(limits.max_buffered)

    async def read(self, request: web.BaseRequest, limit: int) -> Body:
        """Read the body, which may have ``limit`` bytes; the caller releases it.

        Raises:
            RequestError: It is too large, too slow or does not parse.
            ConnectionError: The client went away.
        """
        if (request.content_length or 0) > limit:
            raise _too_large(limit)
        body = Body(self._budget)
        if not request.body_exists:
            return body
        try:
            async with asyncio.timeout(self._limits.request_timeout):
                await self._fill(body, request, limit)
        except BaseException as error:
            body.release()
            if isinstance(error, TimeoutError):
                raise RequestError(408, "the body took too long") from None
            raise
        return body

    async def _fill(self, body: Body, request: web.BaseRequest, limit: int) -> None:
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            async for chunk in request.content.iter_any():
                if body.size + len(chunk) > limit:
                    raise _too_large(limit)
                if not body.grow(chunk):
                    raise RequestError(503, "the Coordinator is busy; try again later")
        except (web.RequestPayloadError, HttpProcessingError):
            raise RequestError(400, "the body does not parse") from None


def _too_large(limit: int) -> RequestError:
    return RequestError(413, f"the body is larger than {limit} bytes")


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
