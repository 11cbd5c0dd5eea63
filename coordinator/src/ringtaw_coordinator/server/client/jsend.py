"""Answers in the JSend form, as MarbleRun's clients read them.

``data`` is always there. Bytes are base64 strings (standard alphabet, padded), absent ones null.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import web

Json = None | bool | int | float | str | Mapping[str, "Json"] | Sequence["Json"]
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Server": "ringtaw",
    "X-Content-Type-Options": "nosniff",
}


def success(data: Json) -> web.Response:
    """Return ``data`` with status 200, the only one that means success."""
    return _response(200, {"status": "success", "data": data})


def failure(status: int, message: str, data: Json = None) -> web.Response:
    """Say that the request is not as it should be."""
    return _response(status, {"status": "fail", "data": data, "message": message})


def error(status: int, message: str) -> web.Response:
    """Say that the Coordinator refuses or cannot do it."""
    return _response(status, {"status": "error", "data": None, "message": message})


def to_base64(value: bytes) -> str | None:
    """Return ``value`` as it appears in answers."""
    return b64encode(value).decode("ascii") if value else None


def _response(status: int, content: Json) -> web.Response:
    body = json.dumps(content, separators=(",", ":")).encode() + b"\n"
    return web.Response(status=status, body=body, content_type="application/json", headers=_HEADERS)
