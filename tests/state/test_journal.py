"""Sealed changes, and the witness of how many there are."""

from __future__ import annotations

import pytest
from ringtaw_coordinator.state.journal import Journal
from ringtaw_coordinator.state.sealed_data import UnsealError

DEK = bytes(range(32))
JOURNAL = Journal(DEK, b"digest")


def test_change_is_opened_where_it_belongs() -> None:
    sealed = JOURNAL.seal(b"change", 7)
    assert b"change" not in sealed
    assert JOURNAL.open(sealed, 7) == b"change"
    assert JOURNAL.seal(b"change", 7) != sealed


@pytest.mark.parametrize(
    ("journal", "number"),
    [(JOURNAL, 6), (JOURNAL, 8), (Journal(DEK, b"other"), 7), (Journal(bytes(32), b"digest"), 7)],
)
def test_change_is_opened_nowhere_else(journal: Journal, number: int) -> None:
    with pytest.raises(UnsealError, match=f"change {number + 1} "):
        journal.open(JOURNAL.seal(b"change", 7), number)


def test_any_changed_bit_is_noticed() -> None:
    sealed = JOURNAL.seal(b"change", 0)
    for position in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[position] ^= 1
        with pytest.raises(UnsealError):
            JOURNAL.open(bytes(damaged), 0)
    for size in range(len(sealed)):
        with pytest.raises(UnsealError):
            JOURNAL.open(sealed[:size], 0)


def test_witness_is_believed() -> None:
    assert JOURNAL.witnessed(b"") == 0
    for count in (1, 2, 100_000):
        witness = JOURNAL.witness(count)
        assert JOURNAL.witnessed(witness) == count
        assert len(witness) <= 100
        assert witness.isascii()


@pytest.mark.parametrize(
    "witness",
    [
        JOURNAL.witness(3).replace(b"3 ", b"2 ", 1),
        JOURNAL.witness(3)[:-1],
        Journal(DEK, b"other").witness(3),
        Journal(bytes(32), b"digest").witness(3),
        b"0 ",
        b"3",
        b"x",
        b"\xff" * 80,
        b"9" * 90,
    ],
)
def test_other_witness_is_not(witness: bytes) -> None:
    with pytest.raises(UnsealError, match="witness is not genuine"):
        JOURNAL.witnessed(witness)
