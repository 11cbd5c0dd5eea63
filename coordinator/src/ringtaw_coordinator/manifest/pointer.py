"""JSON Pointers (RFC 6901)."""

from __future__ import annotations

from typing import Final

_MAX_TOKEN: Final = 200


def pointer(*tokens: str | int) -> str:
    """Return the pointer to the value that ``tokens`` lead to, "" for the whole document.

    It is made to be read: very long tokens are cut, and half surrogate pairs, which no text can
    hold, come out as escapes.
    """
    text = "".join("/" + _cut(str(t)).replace("~", "~0").replace("/", "~1") for t in tokens)
    return text.encode("utf-8", "backslashreplace").decode()


def _cut(token: str) -> str:
    return token if len(token) <= _MAX_TOKEN else token[: _MAX_TOKEN - 1] + "…"
