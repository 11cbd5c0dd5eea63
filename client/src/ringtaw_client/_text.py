"""Text of a stranger on its way to somebody's terminal."""

from __future__ import annotations

import unicodedata

_MAX_LENGTH = 4096
_KEPT = "\n\t"


def printable(text: str, max_length: int = _MAX_LENGTH) -> str:
    """Return text that moves no cursor: control and format characters become U+FFFD."""
    shown = text if len(text) <= max_length else f"{text[:max_length]}…"
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if is_control(one) and one not in _KEPT else one
        for one in shown
    )


def is_control(character: str) -> bool:
    """Whether it is of the Unicode categories "other": control, format, surrogate, unassigned."""
    return unicodedata.category(character).startswith("C")
