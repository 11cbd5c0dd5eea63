"""The client API's HTTP side: finds the handler of a request, keeps time, answers in JSend."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, cast

import structlog
from aiohttp import web

from ringtaw_coordinator.core.api import ClientFacade
from ringtaw_coordinator.server.client import v1, v2
from ringtaw_coordinator.server.client.jsend import Json, error, failure, success
from ringtaw_coordinator.server.client.request import BodyReader, ClientRequest, RequestError
from ringtaw_coordinator.server.connection import TLSConnection
from ringtaw_coordinator.server.errors import answer_to, describe, is_unexpected
from ringtaw_coordinator.server.limits import ClientLimits

Handler = Callable[[ClientRequest], Awaitable[Json]]
Route = tuple[str, str]
"""Method and path."""
ROUTES_V1: Final[Mapping[Route, Handler]] = v1.ROUTES
ROUTES_V2: Final[Mapping[Route, Handler]] = v2.ROUTES

MARGIN: Final = 5.0
"""Seconds that a connection has beyond the time limit of what happens on it."""

_log = structlog.get_logger("client-api")


class ClientApp:
    """Answers requests. It raises nothing but what says that the client went away."""

    def __init__(self, facade: ClientFacade, limits: ClientLimits) -> None:
        self._facade = facade
        self._limits = limits
        self._bodies = BodyReader(limits)

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer ``request``, completely."""
        if request.transport is None:
            raise ConnectionResetError
        connection = cast(TLSConnection, request.transport)
        connection.watch(self._limits.request_timeout + MARGIN)
        response = await self._answer(request, connection)
        connection.watch(self._limits.answer_timeout, busy=True)
        await response.prepare(request)
        await response.write_eof()
        connection.watch(self._limits.idle_timeout)
        return response

    async def _answer(self, request: web.BaseRequest, connection: TLSConnection) -> web.Response:
        route = (request.method, request.path)
        if handler := ROUTES_V2.get(route):
            return await self._run(handler, request, connection, is_v1=False)
        if handler := ROUTES_V1.get(route):
            _log.info("deprecated endpoint used", path=request.path)
            return await self._run(handler, request, connection, is_v1=True)
        return error(405, f"there is no {request.method[:20]} {request.path[:100]}")

    async def _run(
        self, handler: Handler, request: web.BaseRequest, connection: TLSConnection, *, is_v1: bool
    ) -> web.Response:
        try:
            body = await self._bodies.read(request)
        except RequestError as refusal:
            return _refuse_request(refusal, is_v1=is_v1)
        connection.watch(self._limits.call_timeout, busy=True)
        try:
            certificate: bytes = connection.get_extra_info("peer_certificate")
            query = {name: request.query.getall(name) for name in request.query}
            call = ClientRequest(self._facade, query, body.take(), certificate)
            return success(await handler(call))
        except RequestError as refusal:
            return _refuse_request(refusal, is_v1=is_v1)
        except Exception as problem:
            return _refuse(problem, is_v1=is_v1)
        finally:
            body.release()


def _refuse_request(refusal: RequestError, *, is_v1: bool) -> web.Response:
    if is_v1 or refusal.status >= 500:
        return error(refusal.status, str(refusal))
    return failure(refusal.status, str(refusal), refusal.data)


def _refuse(problem: Exception, *, is_v1: bool) -> web.Response:
    answer, text = answer_to(problem)
    if is_unexpected(problem):
        _log.error("request failed unexpectedly", error=describe(problem))
    if is_v1:
        return error(answer.http_v1, text)
    if answer.http_v2 < 403:
        return failure(answer.http_v2, text)
    return error(answer.http_v2, text)
