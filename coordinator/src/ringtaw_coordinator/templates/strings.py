"""Go string literals.

Source: https://go.dev/ref/spec#String_literals
"""

from __future__ import annotations

import re
from typing import Final

_ESCAPE: Final = re.compile(
    r"\\(?:x([0-9A-Fa-f]{2})|([0-7]{3})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([abfnrtv\\\"]))"
    r"|(\\)"
)
_NOT_UTF8: Final = re.compile("[\udc80-\udcff]")
_SIMPLE: Final = dict(zip('abfnrtv\\"', '\a\b\f\n\r\t\v\\"', strict=True))


MAX_LENGTH: Final = 10_000
"""Characters of a literal; longer text belongs outside of actions."""


def unquote(literal: str) -> str:
    """Return the content of a quoted or raw Go string literal, bytes as in PEP 383.

    Raises:
        ValueError: An escape is not one of Go's, or it is too long.
    """
    if len(literal) > MAX_LENGTH:
        raise ValueError(f"is longer than {MAX_LENGTH:,} characters")
    if literal.startswith("`"):
        return literal[1:-1].replace("\r", "")
    content = b"".join(_pieces(_NOT_UTF8.sub("\N{REPLACEMENT CHARACTER}", literal[1:-1])))
    return content.decode("utf-8", "surrogateescape")


def _pieces(text: str) -> list[bytes]:
    pieces, start = [], 0
    for match in _ESCAPE.finditer(text):
        pieces.append(text[start : match.start()].encode("utf-8", "surrogateescape"))
        pieces.append(_escaped(match))
        start = match.end()
    return [*pieces, text[start:].encode("utf-8", "surrogateescape")]


def _escaped(match: re.Match[str]) -> bytes:
    byte_hex, byte_octal, short, long, simple, stray = match.groups()
    if simple:
        return _SIMPLE[simple].encode()
    if stray:
        raise ValueError("has an escape that Go does not know")
    try:
        if short or long:
            return chr(int(short or long, 16)).encode()
        return bytes([int(byte_hex, 16) if byte_hex else int(byte_octal, 8)])
    except ValueError:
        raise ValueError("has an escape that stands for no character") from None
