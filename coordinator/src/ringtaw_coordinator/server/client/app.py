"""From a request to its answer: finds the endpoint, admits, calls the handler, answers in JSend."""

from __future__ import annotations

import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, cast
from urllib.parse import unquote_plus

import structlog

from ringtaw_coordinator.core.api import ClientFacade
from ringtaw_coordinator.errors import UnauthorizedError
from ringtaw_coordinator.server.budget import Budget
from ringtaw_coordinator.server.client.bodies import Body
from ringtaw_coordinator.server.client.deprecation import DeprecationLog
from ringtaw_coordinator.server.client.endpoint import (
    NO_BODY,
    ClientRequest,
    Endpoint,
    RequestError,
    Result,
    Who,
)
from ringtaw_coordinator.server.client.endpoints import METHODS, ROUTES
from ringtaw_coordinator.server.client.fitting import read_json
from ringtaw_coordinator.server.client.head import Head
from ringtaw_coordinator.server.client.jsend import (
    error,
    failure,
    success,
)
from ringtaw_coordinator.server.client.response import Response
from ringtaw_coordinator.server.errors import answer_to, describe, is_unexpected
from ringtaw_coordinator.server.limits import ClientLimits
from ringtaw_coordinator.server.observer import ClientObserver

_log = structlog.get_logger("client-api")


class ClientApp:
    """What all requests share."""

    def __init__(
        self, facade: ClientFacade, limits: ClientLimits, observer: ClientObserver
    ) -> None:
        self.facade = facade
        self.limits = limits
        self.budget = Budget(limits.max_buffered)
        self.observer = observer
        self.deprecations = DeprecationLog()


class Exchange:
    """One request and its answer, without I/O."""

    def __init__(self, app: ClientApp, head: Head, certificate: bytes) -> None:
        self.head = head
        self._app = app
        self._certificate = certificate
        self._endpoint = ROUTES.get((head.method, head.path))
        limit = self._endpoint.body_limit(app.limits.max_body) if self._endpoint else NO_BODY
        self.body = Body(app.budget, limit)
        self._path = head.path if head.path in METHODS else ""
        self._begin = time.perf_counter()
        app.observer.request_began(self._path)

    def admit(self) -> Response | None:
        """Turn away, before the body is read, whoever cannot be meant."""
        endpoint = self._endpoint
        if endpoint is None:
            return _no_endpoint(self.head)
        if endpoint.is_v1:
            self._app.deprecations.note(endpoint.path)
        try:
            if endpoint.gate is not None:
                self._app.facade.require_feature(endpoint.gate)
            if endpoint.who is not Who.ANYONE and not self._certificate:
                raise UnauthorizedError("unauthorized user: this needs a client certificate")
            self.body.announce(self.head.length)
        except Exception as problem:
            return self.refuse(problem)
        return None

    def answer(self) -> Response | Coroutine[Any, Any, Response]:
        """Answer now that the body is there, at once or after some work."""
        assert self._endpoint is not None  # noqa: S101 - or it was turned away
        try:
            result = self._endpoint.handler(self._read())
            if isinstance(result, Coroutine):
                return self._wait_for(result)
            return self._accept(result)
        except Exception as problem:
            return self.refuse(problem)

    def _read(self) -> ClientRequest:
        endpoint, raw = cast(Endpoint, self._endpoint), self.body.take()
        query = _read_query(endpoint, self.head.query) if endpoint.query else {}
        content = _read_body(endpoint, raw) if endpoint.takes_json else {}
        return ClientRequest(self._app.facade, query, raw, content, self._certificate)

    async def _wait_for(self, result: Coroutine[Any, Any, Result]) -> Response:
        try:
            return self._accept(await result)
        except Exception as problem:
            return self.refuse(problem)
        finally:
            self.body.release()

    def _accept(self, result: Result) -> Response:
        return success(result)

    def refuse(self, problem: Exception) -> Response:
        """Return what says so."""
        is_v1 = self._endpoint is not None and self._endpoint.is_v1
        if isinstance(problem, RequestError):
            if is_v1 or problem.status >= 500:
                return error(problem.status, str(problem))
            return failure(problem.status, str(problem), problem.data)
        answer, text = answer_to(problem)
        if is_unexpected(problem):
            _log.error("request failed unexpectedly", error=describe(problem))
        if is_v1:
            return error(answer.http_v1, text)
        if answer.http_v2 < 403:
            return failure(answer.http_v2, text)
        return error(answer.http_v2, text)

    def end(self, response: Response | None) -> None:
        """Count it; there is no response if the client has gone away."""
        self.body.release()
        observer = self._app.observer
        observer.request_ended(self._path)
        if response is not None:
            seconds = time.perf_counter() - self._begin
            sizes = (self.body.size, len(response.body))
            observer.answered(self.head.method, self._path, response.status, seconds, sizes)


def _no_endpoint(head: Head) -> Response:
    response = error(405, f"there is no {head.method[:20]} {head.path[:100]}")
    return response._replace(methods=METHODS.get(head.path, ()))


def _read_query(endpoint: Endpoint, text: str) -> Mapping[str, Sequence[str]]:
    """Return the parameters that the endpoint knows."""
    pairs = [parameter.partition("=") for parameter in text.split("&")]
    if "%" in text or "+" in text:
        pairs = [(unquote_plus(name), "=", unquote_plus(value)) for name, _, value in pairs]
    query: dict[str, list[str]] = {}
    for known in endpoint.query:
        values = [value for name, _, value in pairs if name == known.name]
        if known.required and not all(values or [""]):
            raise RequestError(
                400, f'invalid query: at least one "{known.name}" is needed, and none may be empty'
            )
        if values:
            query[known.name] = values
    return query


def _read_body(endpoint: Endpoint, raw: bytes) -> dict[str, Any]:
    assert endpoint.body is not None  # noqa: S101 - or it takes no JSON
    try:
        return read_json(raw, endpoint.body)
    except ValueError as error:
        raise RequestError(400, str(error)) from None
