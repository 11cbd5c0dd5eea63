"""JSON Pointers (RFC 6901)."""

from __future__ import annotations


def pointer(*tokens: str | int) -> str:
    """Return the pointer to the value that ``tokens`` lead to, "" for the whole document.

    Half surrogate pairs, which no text can hold, come out as escapes.
    """
    text = "".join("/" + str(t).replace("~", "~0").replace("/", "~1") for t in tokens)
    return text.encode("utf-8", "backslashreplace").decode()
