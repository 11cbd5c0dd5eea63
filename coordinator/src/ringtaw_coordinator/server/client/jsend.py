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


BEFORE: Final = b'{"status":"success","data":'
AFTER: Final = b"}\n"
"""What stands around the data of an answer that means success."""


class Written(bytes):
    """A whole answer that has been written already, because it is large and often asked for."""

    __slots__ = ()


def encode(content: Json) -> bytes:
    """Write JSON."""
    return _ENCODE(content).encode()


def write(data: Json) -> Written:
    """Write an answer that means success."""
    return Written(b"".join((BEFORE, encode(data), AFTER)))


def success(data: Json | Written) -> Response:
    """Return ``data`` with status 200, the only one that means success."""
    return Response(200, data if isinstance(data, Written) else write(data))


def failure(status: int, message: str, data: Json = None) -> Response:
    """Say that the request is not as it should be."""
    return _refusal(status, {"status": "fail", "data": data, "message": message})


def error(status: int, message: str) -> Response:
    """Say that the Coordinator refuses or cannot do it."""
    return _refusal(status, {"status": "error", "data": None, "message": message})


def to_base64(value: bytes) -> str | None:
    """Return ``value`` as it appears in answers."""
    return b64encode(value).decode("ascii") if value else None


def _refusal(status: int, content: Json) -> Response:
    return Response(status, encode(content) + b"\n")
