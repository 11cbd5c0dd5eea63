"""Answers in the JSend form, as MarbleRun's clients read them.

``data`` is always there. Bytes are base64 strings (standard alphabet, padded), absent ones null.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Final

from ringtaw_coordinator.server.client.response import Response

Json = None | bool | int | float | str | Mapping[str, "Json"] | Sequence["Json"]
_ENCODE: Final = json.JSONEncoder(separators=(",", ":")).encode


class EncodedJson(bytes):
    """JSON that has been written already, because it is large and often asked for."""

    __slots__ = ()


def encode(content: Json) -> EncodedJson:
    """Write JSON."""
    return EncodedJson(_ENCODE(content).encode())


def success(data: Json | EncodedJson) -> Response:
    """Return ``data`` with status 200, the only one that means success."""
    encoded = data if isinstance(data, EncodedJson) else encode(data)
    return document(b"".join((b'{"status":"success","data":', encoded, b"}\n")))


def failure(status: int, message: str, data: Json = None) -> Response:
    """Say that the request is not as it should be."""
    return _refusal(status, {"status": "fail", "data": data, "message": message})


def error(status: int, message: str) -> Response:
    """Say that the Coordinator refuses or cannot do it."""
    return _refusal(status, {"status": "error", "data": None, "message": message})


def document(content: bytes) -> Response:
    """Return JSON as it is, with status 200."""
    return Response(200, content)


def to_base64(value: bytes) -> str | None:
    """Return ``value`` as it appears in answers."""
    return b64encode(value).decode("ascii") if value else None


def _refusal(status: int, content: Json) -> Response:
    return Response(status, encode(content) + b"\n")
