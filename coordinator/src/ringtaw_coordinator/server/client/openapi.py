"""The OpenAPI 3.1 description of the client API, made from the endpoints' own definitions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ringtaw_coordinator.server.client.endpoint import ClientRequest, Endpoint, Query, Who
from ringtaw_coordinator.server.client.jsend import Written
from ringtaw_coordinator.server.client.schema import RAW, TYPES, Schema, text

PATH: Final = "/api/v2/openapi.json"
DESCRIPTION: Final = (
    "What operators, users and auditors do with a running Coordinator. A user is whoever holds the "
    "key of a certificate in the manifest: TLS asks for a client certificate and accepts any. "
    "Keys of JSON bodies are taken in any letter case; unknown and repeated ones are refused."
)
REFUSALS: Final = {
    400: "The request does not parse.",
    401: "The client's certificate is none of a user, or of a Marble where one is needed.",
    403: "The manifest in force does not enable this.",
    408: "The request took too long.",
    413: "The body is too large.",
    500: "The Coordinator refuses or cannot do it: wrong state, invalid manifest, no permission.",
    503: "The Coordinator is busy: try again.",
}
V1_REFUSED: Final = "The request does not parse, or the Coordinator refuses it."
EVERYWHERE: Final = (400, 408, 413, 500, 503)


def describe_api(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """Return the description of these endpoints."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Coordinator", "version": version, "description": DESCRIPTION},
        "paths": paths,
        "components": {"schemas": {**TYPES, **_ENVELOPES}},
    }


def refusals(endpoint: Endpoint) -> dict[int, str]:
    """Return the statuses other than 200 that an endpoint answers with, and what they mean."""
    statuses = [*EVERYWHERE]
    statuses += [401] if endpoint.who is not Who.ANYONE else []
    statuses += [403] if endpoint.gate else []
    meanings = {status: REFUSALS[status] for status in statuses}
    if endpoint.is_v1:
        meanings[400] = V1_REFUSED
    return dict(sorted({**meanings, **endpoint.refusals}.items()))


def is_failure(endpoint: Endpoint, status: int) -> bool:
    """Whether the answer says ``fail``: the client has to change its request."""
    return not endpoint.is_v1 and status in (400, 401, 408, 413)


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "description": f"Who: {caller(endpoint)}.",
        "responses": {"200": _answer(endpoint)}
        | {
            str(status): _refusal(meaning, is_failure(endpoint, status))
            for status, meaning in refusals(endpoint).items()
        },
    }
    if endpoint.is_v1:
        operation["deprecated"] = True
    if endpoint.query:
        operation["parameters"] = [_parameter(query) for query in endpoint.query]
    if endpoint.body is not None:
        operation["requestBody"] = _body(endpoint.body)
    return operation


def caller(endpoint: Endpoint) -> str:
    """Return who may call, and under which conditions."""
    text = str(endpoint.who)
    if endpoint.permission:
        text += f" with {endpoint.permission}"
    if endpoint.gate:
        text += f", if the manifest has the feature gate `{endpoint.gate}`"
    return text


def _parameter(query: Query) -> dict[str, Any]:
    value: dict[str, Any] = {"type": "string"}
    value |= {"pattern": query.pattern} if query.pattern else {"minLength": 1}
    return {
        "name": query.name,
        "in": "query",
        "description": query.description,
        "required": query.required,
        "schema": {"type": "array", "items": value, "minItems": 1} if query.repeated else value,
        "example": [query.example] if query.repeated else query.example,
    }


def _body(schema: Schema) -> dict[str, Any]:
    if schema is RAW:
        return {"required": True, "content": {"application/octet-stream": {"schema": RAW}}}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _answer(endpoint: Endpoint) -> dict[str, Any]:
    if not endpoint.envelope:
        schema: Schema = endpoint.answer
    else:
        schema = {
            "type": "object",
            "properties": {"status": {"const": "success"}, "data": endpoint.answer},
            "required": ["status", "data"],
            "additionalProperties": False,
        }
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _refusal(meaning: str, failure: bool) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{'Failure' if failure else 'Error'}"}
    return {"description": meaning, "content": {"application/json": {"schema": schema}}}


def _envelope(status: str, data: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {
            "status": {"const": status},
            "data": data,
            "message": text("What is wrong, and what to do."),
        },
        "required": ["status", "data", "message"],
        "additionalProperties": False,
    }


_ENVELOPES: Final[Mapping[str, Schema]] = {
    "Failure": _envelope("fail", {"type": ["object", "null"]}),
    "Error": _envelope("error", {"type": "null"}),
}


def description_endpoint(endpoints: Iterable[Endpoint], version: str) -> Endpoint:
    """Return the endpoint that serves the description of ``endpoints`` and of itself."""

    def get(_: ClientRequest) -> Written:
        return content

    endpoint = Endpoint(
        "GET",
        PATH,
        "This description: OpenAPI 3.1, without an envelope.",
        get,
        {"type": "object"},
        envelope=False,
    )
    content = Written(render((*endpoints, endpoint), version))
    return endpoint


def render(endpoints: Iterable[Endpoint], version: str) -> bytes:
    """Return the description as it is served and checked in."""
    return json.dumps(describe_api(endpoints, version), indent=1).encode() + b"\n"
