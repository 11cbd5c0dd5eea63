"""Generates docs/client-api.md and the OpenAPI description: ``python -m docs.client_api``.

Both come from the definitions that the Coordinator answers by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ringtaw_coordinator import __version__
from ringtaw_coordinator.server.client.endpoint import Endpoint
from ringtaw_coordinator.server.client.endpoints import ENDPOINTS
from ringtaw_coordinator.server.client.openapi import (
    EVERYWHERE,
    REFUSALS,
    caller,
    is_failure,
    refusals,
    render,
)
from ringtaw_coordinator.server.client.schema import RAW, TYPES, resolve

PAGE: Final = Path(__file__).with_name("client-api.md")
DESCRIPTION: Final = (
    Path(__file__).parents[1] / "schemas/src/ringtaw_schemas/client_api/openapi.json"
)

INTRODUCTION: Final = (
    """\
# Client API

What operators, users and auditors do with a running Coordinator: HTTPS (HTTP/1.1) and JSON, on port
4433 unless `EDG_COORDINATOR_CLIENT_ADDR` says otherwise. MarbleRun's own clients, its command line
and its Go package, work with it. This page is generated from the code, as is the OpenAPI 3.1
description, which a Coordinator serves at `/api/v2/openapi.json` and which is kept in
[openapi.json](../schemas/src/ringtaw_schemas/client_api/openapi.json).

## Who is who

The Coordinator presents a certificate that its root certificate has signed; what stands behind the
root, `GET /api/v2/quote` says. It asks every client for a certificate, lets any in, and judges
later:

* A *user* holds the key of a certificate that is in the manifest under `Users`, byte for byte. Who
  issued it, for whom and until when does not matter.
* A *Marble* holds the key of a certificate that the present Marble root has signed.

## Answers

Every answer is JSON in the JSend form: `status`, `data` and, unless it is a success, `message`.

| `status` | HTTP | meaning |
| --- | --- | --- |
| `success` | 200 | It is done, and durable. No other status means success. |
| `fail` | 4xx | The request is not as it should be. |
| `error` | 4xx, 5xx | The Coordinator refuses it or cannot do it. |

Version 1 says `error` for both, and 400 where version 2 says 500 for a refusal. An unknown path or
method is 405, and 405 means nothing else. Any endpoint may answer:

"""
    + "".join(f"* {status}: {REFUSALS[status]}\n" for status in EVERYWHERE)
    + """
Bytes are base64 (standard alphabet, padded); absent ones are null.

## Requests

* Bodies are JSON, whatever `Content-Type` says; in version 1 a manifest is sent as it is.
* Keys are taken in any letter case. Unknown and repeated ones are refused, and null is as good as
  absent where the tables say so.
* Numbers are integers below 2⁶⁴, without point or exponent.
* There are at most 10,000 values in a body. Its size and that of all else is limited; the
  [settings](settings.md#limits) say how.
* What changes something happens as a whole or not at all. If the connection breaks before the
  answer, ask what is in force.

## Version 2

"""
)
VERSION_1: Final = """\
## Version 1

Deprecated: without a prefix, and with raw bodies. Clients fall back to it when version 2 answers
405. The log tells of each endpoint's first use, and then once an hour how often it was used.

"""


def render_page() -> str:
    """Return the whole page."""
    second = "\n".join(_section(endpoint) for endpoint in ENDPOINTS if not endpoint.is_v1)
    first = "\n".join(_section(endpoint) for endpoint in ENDPOINTS if endpoint.is_v1)
    types = "\n".join(_type_section(name) for name in ("Secret", "SecretUpload"))
    return "".join([INTRODUCTION, second, "\n", VERSION_1, first, "\n## Types\n\n", types])


def render_description() -> bytes:
    """Return the OpenAPI description, as it is served."""
    return render(ENDPOINTS, __version__)


def _section(endpoint: Endpoint) -> str:
    return "\n".join(_lines(endpoint)) + "\n"


def _lines(endpoint: Endpoint) -> Iterator[str]:
    yield f"### {endpoint.method} {endpoint.path}\n"
    yield f"{endpoint.summary}\n"
    yield f"Who: {caller(endpoint)}.\n"
    for query in endpoint.query:
        needed = "needed" if query.required else "may be left out"
        yield f"Query `{query.name}` ({needed}): {query.description}\n"
    if endpoint.body is RAW:
        yield "Body: the manifest, as it is.\n"
    elif endpoint.body is not None:
        yield from _described("Body", endpoint.body)
    yield from _described("Answer" if endpoint.envelope else "Answer, no envelope", endpoint.answer)
    own = {status: text for status, text in refusals(endpoint).items() if status not in EVERYWHERE}
    if own:
        yield from _statuses(endpoint, own)


def _statuses(endpoint: Endpoint, meanings: Mapping[int, str]) -> Iterator[str]:
    yield "| status | | when |"
    yield "| --- | --- | --- |"
    for status, meaning in meanings.items():
        yield f"| {status} | `{'fail' if is_failure(endpoint, status) else 'error'}` | {meaning} |"


def _described(title: str, schema: Mapping[str, Any]) -> Iterator[str]:
    resolved = resolve(schema)
    if "properties" not in resolved:
        text = resolved.get("description", "")
        yield f"{title}: {_type(schema)}.{' ' + text if text else ''}\n"
        return
    yield f"{title}:{' an object, or null if there is nothing to say.' if _null(schema) else ''}\n"
    yield from _table(resolved)
    yield ""


def _table(schema: Mapping[str, Any]) -> Iterator[str]:
    yield "| key | type | meaning |"
    yield "| --- | --- | --- |"
    for key, value in schema["properties"].items():
        needed = "" if key in schema["required"] else " May be absent."
        description = resolve(value).get("description", "")
        yield f"| `{key}` | {_type(value)} | {description}{needed} |"


def _type_section(name: str) -> str:
    return f"### {name}\n\n" + "\n".join(_table(TYPES[name])) + "\n"


def _null(schema: Mapping[str, Any]) -> bool:
    return isinstance(schema.get("type"), list) and "null" in schema["type"]


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    kind = schema["type"][0] if _null(schema) else schema["type"]
    if isinstance(schema.get("additionalProperties"), Mapping):
        kind = f"object: name to {_type(schema['additionalProperties'])}"
    elif kind == "array":
        kind = f"array of {_type(schema['items'])}"
    elif "contentEncoding" in schema:
        kind = "base64"
    return f"{kind} or null" if _null(schema) else str(kind)


if __name__ == "__main__":
    PAGE.write_text(render_page())
    DESCRIPTION.write_bytes(render_description())
