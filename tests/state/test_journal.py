"""Sealed changes in a chain, and the witness of how far it goes."""

from __future__ import annotations

import pytest
from ringtaw_coordinator.state.journal import Journal, Position
from ringtaw_coordinator.state.sealed_data import UnsealError

DIGEST = b"digest of a sealed state"
JOURNAL = Journal(bytes(range(32)), DIGEST)
OTHER_KEY = Journal(bytes(32), DIGEST)
OTHER_STATE = Journal(bytes(range(32)), b"another state")
START = Position.start(DIGEST)


def chain(length: int, start: Position = START, journal: Journal = JOURNAL) -> list[Position]:
    """Return the positions from the start to the end of a chain."""
    positions = [start]
    for number in range(length):
        positions.append(positions[-1].after(journal.seal(b"%d" % number, positions[-1])))
    return positions


def test_change_is_opened_where_it_belongs() -> None:
    position = chain(7)[-1]
    sealed = JOURNAL.seal(b"change", position)
    assert b"change" not in sealed
    assert JOURNAL.open(sealed, position) == b"change"
    assert JOURNAL.seal(b"change", position) != sealed


def test_change_is_opened_nowhere_else() -> None:
    positions = chain(3)
    sealed = JOURNAL.seal(b"change", positions[2])
    elsewhere = [
        positions[1],
        positions[3],
        Position(2, START.head),
        Position(3, positions[2].head),
    ]
    for position in elsewhere:
        with pytest.raises(UnsealError, match=f"change {position.count + 1} "):
            JOURNAL.open(sealed, position)
    for other in (OTHER_KEY, OTHER_STATE):
        with pytest.raises(UnsealError, match="change 3 "):
            other.open(sealed, positions[2])


def test_histories_that_part_cannot_be_mixed() -> None:
    """Whoever puts old files back makes two futures; neither goes on in the other."""
    one, other = (
        START.after(JOURNAL.seal(b"one", START)),
        START.after(JOURNAL.seal(b"other", START)),
    )
    sealed = JOURNAL.seal(b"second", one)
    assert JOURNAL.open(sealed, one) == b"second"
    with pytest.raises(UnsealError, match="change 2 "):
        JOURNAL.open(sealed, other)


def test_any_changed_bit_is_noticed() -> None:
    sealed = JOURNAL.seal(b"change", START)
    for position in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[position] ^= 1
        with pytest.raises(UnsealError):
            JOURNAL.open(bytes(damaged), START)
    for size in range(len(sealed)):
        with pytest.raises(UnsealError):
            JOURNAL.open(sealed[:size], START)


def test_witness_of_the_last_change_or_of_the_one_before_will_do() -> None:
    positions = chain(4)
    assert JOURNAL.witness(START) == b""
    for before, last in zip([START, *positions], positions, strict=False):
        for witnessed in (before, last):
            JOURNAL.check_witness(JOURNAL.witness(witnessed), before, last)
    witness = JOURNAL.witness(Position(100_000, START.head))
    assert len(witness) <= 100
    assert witness.isascii()


def test_missing_changes_are_told_from_missing_witnesses() -> None:
    positions = chain(4)
    with pytest.raises(UnsealError, match="sealed_data is older than sealed_key"):
        JOURNAL.check_witness(JOURNAL.witness(positions[3]), positions[1], positions[2])
    with pytest.raises(UnsealError, match="sealed_key is older than sealed_data"):
        JOURNAL.check_witness(JOURNAL.witness(positions[2]), positions[3], positions[4])


POSITIONS = chain(3)
GENUINE = JOURNAL.witness(POSITIONS[3])


@pytest.mark.parametrize(
    "witness",
    [
        GENUINE.replace(b"3 ", b"2 ", 1),
        GENUINE[:-1],
        JOURNAL.witness(chain(3)[3]),
        OTHER_KEY.witness(POSITIONS[3]),
        b"3",
        b"2 x",
    ],
    ids=["number", "cut off", "other changes", "other key", "no head", "no hexadecimal"],
)
def test_other_witness_is_not_believed(witness: bytes) -> None:
    with pytest.raises(UnsealError, match="witness is not genuine"):
        JOURNAL.check_witness(witness, POSITIONS[2], POSITIONS[3])


@pytest.mark.parametrize("witness", [b"", b"0 ", b"x", b"\xff" * 80, b"9" * 90])
def test_rubbish_is_no_witness(witness: bytes) -> None:
    with pytest.raises(UnsealError, match="sealed_key is older"):
        JOURNAL.check_witness(witness, POSITIONS[2], POSITIONS[3])
