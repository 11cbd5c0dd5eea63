"""Names in messages."""

from __future__ import annotations

import time

import pytest
from ringtaw_coordinator.names import did_you_mean, nearest, quoted

KNOWN = ["Packages", "Marbles", "MaxActivations", "frontend", "backend"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("packages", "Packages"),
        ("Pakages", "Packages"),
        ("MaxActivation", "MaxActivations"),
        ("fronted", "frontend"),
        ("bakcend", "backend"),
        ("xyz", None),
        ("", None),
        ("Packages" * 20, None),
    ],
)
def test_nearest(name: str, expected: str | None) -> None:
    assert nearest(name, KNOWN) == expected


def test_the_same_letters_win_over_a_near_name() -> None:
    assert nearest("KEY", ["keys", "key", "kex"]) == "key"


def test_hint() -> None:
    assert did_you_mean("pakages", KNOWN) == 'did you mean "Packages"?'
    assert did_you_mean("xyz", KNOWN) == ""


def test_search_is_bounded() -> None:
    names = [f"a-rather-long-name-{i:060}" for i in range(100_000)]
    start = time.monotonic()
    for _ in range(20):
        nearest("a-rather-long-name-" + "9" * 60, names)
    assert time.monotonic() - start < 10


def test_quoted_is_short_printable_and_can_be_encoded() -> None:
    assert quoted("a\n\x1b[31m\ud800\u202eé") == '"a\\n\\x1b[31m\\ud800\\u202eé"'
    assert len(quoted("x" * 1000)) == 62
