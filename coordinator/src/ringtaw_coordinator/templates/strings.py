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
_SIMPLE: Final = dict(zip('abfnrtv\\"', '\a\b\f\n\r\t\v\\"', strict=True))


def unquote(literal: str) -> str:
    """Return the content of a quoted or raw Go string literal, bytes as in PEP 383.

    Raises:
        ValueError: An escape is not one of Go's.
    """
    if literal.startswith("`"):
        return literal[1:-1].replace("\r", "")
    content = b"".join(_pieces(literal[1:-1]))
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
        raise ValueError("unknown escape in a string")
    if short or long:
        return chr(int(short or long, 16)).encode()  # refuses surrogates and beyond U+10FFFF
    return bytes([int(byte_hex, 16) if byte_hex else int(byte_octal, 8)])
