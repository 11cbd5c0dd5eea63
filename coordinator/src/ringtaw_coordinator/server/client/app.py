"""The client API's HTTP side: finds the endpoint of a request, keeps time, answers in JSend."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import structlog
from aiohttp import web

from ringtaw_coordinator.core.api import ClientFacade
from ringtaw_coordinator.errors import UnauthorizedError
from ringtaw_coordinator.server.client.bodies import BodyReader
from ringtaw_coordinator.server.client.deprecation import DeprecationLog
from ringtaw_coordinator.server.client.endpoint import ClientRequest, Endpoint, RequestError, Who
from ringtaw_coordinator.server.client.endpoints import METHODS, ROUTES
from ringtaw_coordinator.server.client.fitting import read_json
from ringtaw_coordinator.server.client.jsend import (
    EncodedJson,
    document,
    error,
    failure,
    success,
)
from ringtaw_coordinator.server.connection import TLSConnection
from ringtaw_coordinator.server.errors import answer_to, describe, is_unexpected
from ringtaw_coordinator.server.limits import ClientLimits
from ringtaw_coordinator.server.observer import ClientObserver

MARGIN: Final = 5.0
"""Seconds that a connection has beyond the time limit of what happens on it."""

_log = structlog.get_logger("client-api")


class ClientApp:
    """Answers requests. It raises nothing but what says that the client went away."""

    def __init__(
        self, facade: ClientFacade, limits: ClientLimits, observer: ClientObserver
    ) -> None:
        self._facade = facade
        self._limits = limits
        self._bodies = BodyReader(limits)
        self._observer = observer
        self._deprecations = DeprecationLog()

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer ``request``, completely."""
        if request.transport is None:
            raise ConnectionResetError
        connection = cast(TLSConnection, request.transport)
        connection.watch(self._limits.request_timeout + MARGIN)
        path = request.path if request.path in METHODS else ""
        begin = time.perf_counter()
        with self._observer.request(path):
            response = await self._answer(request, connection)
            connection.watch(self._limits.answer_timeout, busy=True)
            await response.prepare(request)
            await response.write_eof()
        connection.watch(self._limits.idle_timeout)
        sizes = (request.content_length or 0, response.content_length or 0)
        seconds = time.perf_counter() - begin
        self._observer.answered(request.method, path, response.status, seconds, sizes)
        return response

    async def _answer(self, request: web.BaseRequest, connection: TLSConnection) -> web.Response:
        endpoint = ROUTES.get((request.method, request.path))
        if endpoint is None:
            return _no_endpoint(request)
        if endpoint.is_v1:
            self._deprecations.note(request.path)
        try:
            return await self._run(endpoint, request, connection)
        except RequestError as refusal:
            return _refuse_request(refusal, endpoint)
        except Exception as problem:
            if isinstance(problem, ConnectionError) and connection.is_closing():
                raise  # the client went away
            return _refuse(problem, endpoint)

    async def _run(
        self, endpoint: Endpoint, request: web.BaseRequest, connection: TLSConnection
    ) -> web.Response:
        certificate: bytes = connection.get_extra_info("peer_certificate")
        self._admit(endpoint, certificate)
        query = _read_query(endpoint, request)
        body = await self._bodies.read(request, endpoint.body_limit(self._limits.max_body))
        connection.watch(self._limits.call_timeout, busy=True)
        try:
            raw = body.take()
            content = _read_body(endpoint, raw)
            call = ClientRequest(self._facade, query, raw, content, certificate)
            answer = await endpoint.handler(call)
        finally:
            body.release()
        if endpoint.envelope:
            return success(answer)
        return document(cast(EncodedJson, answer))

    def _admit(self, endpoint: Endpoint, certificate: bytes) -> None:
        """Turn away, before the body is read, whoever cannot be meant."""
        if endpoint.gate is not None:
            self._facade.require_feature(endpoint.gate)
        if endpoint.who is not Who.ANYONE and not certificate:
            raise UnauthorizedError("unauthorized user: this needs a client certificate")


def _no_endpoint(request: web.BaseRequest) -> web.Response:
    response = error(405, f"there is no {request.method[:20]} {request.path[:100]}")
    if methods := METHODS.get(request.path):
        response.headers["Allow"] = ", ".join(methods)
    return response


def _read_query(endpoint: Endpoint, request: web.BaseRequest) -> Mapping[str, Sequence[str]]:
    """Return the parameters that the endpoint knows."""
    query: dict[str, list[str]] = {}
    for known in endpoint.query:
        values = request.query.getall(known.name, [])
        if known.required and not all(values or [""]):
            raise RequestError(
                400, f'invalid query: at least one "{known.name}" is needed, and none may be empty'
            )
        if values:
            query[known.name] = values
    return query


def _read_body(endpoint: Endpoint, raw: bytes) -> dict[str, Any]:
    if endpoint.body is None or not endpoint.takes_json:
        return {}
    try:
        return read_json(raw, endpoint.body)
    except ValueError as error:
        raise RequestError(400, str(error)) from None


def _refuse_request(refusal: RequestError, endpoint: Endpoint) -> web.Response:
    if endpoint.is_v1 or refusal.status >= 500:
        return error(refusal.status, str(refusal))
    return failure(refusal.status, str(refusal), refusal.data)


def _refuse(problem: Exception, endpoint: Endpoint) -> web.Response:
    answer, text = answer_to(problem)
    if is_unexpected(problem):
        _log.error("request failed unexpectedly", error=describe(problem))
    if endpoint.is_v1:
        return error(answer.http_v1, text)
    if answer.http_v2 < 403:
        return failure(answer.http_v2, text)
    return error(answer.http_v2, text)
