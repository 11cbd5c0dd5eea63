"""Numbers and their nouns."""

from __future__ import annotations

import pytest
from ringtaw_buildkit.counting import counted


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 warnings"), (1, "1 warning"), (2, "2 warnings")]
)
def test_regular(number: int, words: str) -> None:
    assert counted(number, "warning") == words


@pytest.mark.parametrize(("number", "words"), [(1, "1 entry"), (3, "3 entries")])
def test_irregular(number: int, words: str) -> None:
    assert counted(number, "entry", "entries") == words
