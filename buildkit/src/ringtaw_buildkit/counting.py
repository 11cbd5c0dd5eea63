"""How many there are of something, in words for people."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number and its noun: ``1 file``, ``2 files``; ``plural`` is for irregular ones."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
