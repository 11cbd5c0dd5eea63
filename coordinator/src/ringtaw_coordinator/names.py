"""Names in messages: shown safely, and the nearest known one to a misspelt one."""

from __future__ import annotations

import difflib
import heapq
import itertools
from collections.abc import Iterable
from typing import Final

_MAX_CANDIDATES: Final = 1000
_MAX_COMPARED: Final = 10
_MAX_LENGTH: Final = 100


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the name in ``known`` most like ``name``, None if none is near.

    A name that differs only by letter case wins. The search is bounded: it looks at the first
    thousand names and at none that is very long.
    """
    if len(name) > _MAX_LENGTH:
        return None
    folded = name.casefold()
    candidates = {
        candidate.casefold(): candidate
        for candidate in itertools.islice(known, _MAX_CANDIDATES)
        if len(candidate) <= _MAX_LENGTH
    }
    promising = heapq.nlargest(_MAX_COMPARED, candidates, lambda other: _same_ends(folded, other))
    found = difflib.get_close_matches(folded, promising, n=1)
    return candidates[found[0]] if found else None


def _same_ends(one: str, other: str) -> int:
    """Return how many characters agree at both ends: many, after a slip of the keyboard."""
    return _same_start(one, other) + _same_start(one[::-1], other[::-1])


def _same_start(one: str, other: str) -> int:
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return index
    return min(len(one), len(other))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint for a message, "" if no known name is near."""
    found = nearest(name, known)
    return f"did you mean {quoted(found)}?" if found is not None else ""


def quoted(text: str, limit: int = 60) -> str:
    """Return ``text`` in quotes on one line, cut to ``limit`` characters."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut) + '"'
