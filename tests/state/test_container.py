"""The file with a sealed state and the changes made since."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_coordinator.state import container

CHANGES = st.lists(st.binary(min_size=1, max_size=200), max_size=5)


def file(state: bytes, changes: list[bytes]) -> bytes:
    return container.begin(state) + b"".join(map(container.frame, changes))


@given(st.binary(max_size=100), CHANGES)
def test_what_is_written_is_read(state: bytes, changes: list[bytes]) -> None:
    data = file(state, changes)
    assert container.parse(data) == container.Contents(state, tuple(changes), len(data))


@given(CHANGES, st.binary(min_size=1, max_size=200), st.data())
def test_last_change_may_be_cut_short(
    changes: list[bytes], last: bytes, data: st.DataObject
) -> None:
    whole, frame = file(b"state", changes), container.frame(last)
    kept = data.draw(st.integers(0, len(frame) - 1))
    for tail in (frame[:kept], frame[:kept] + bytes(len(frame) - kept)):
        contents = container.parse(whole + tail)
        if whole + tail == whole + frame:
            continue  # what was lost were zeros
        assert contents == container.Contents(b"state", tuple(changes), len(whole))


def test_zeros_behind_the_last_change_are_no_change() -> None:
    whole = file(b"state", [b"change"])
    contents = container.parse(whole + bytes(500))
    assert (contents.changes, contents.end, contents.damage) == ((b"change",), len(whole), "")


@pytest.mark.parametrize("position", range(14))
def test_damage_before_the_last_change_is_told(position: int) -> None:
    """A length that reaches behind the end looks like a change that was cut short."""
    state = container.begin(b"state")
    frame = container.frame(b"change")
    damaged = bytearray(state + frame + container.frame(b"another"))
    damaged[len(state) + position] ^= 1
    contents = container.parse(bytes(damaged))
    assert contents.changes == ()
    if position in range(3):
        assert (
            not contents.damage
        )  # the witness beside the sealed key tells that changes are missing
    else:
        assert "change 1 in it, from byte" in contents.damage


def test_state_that_is_cut_short_is_told() -> None:
    data = container.begin(b"state")
    for size in range(len(b"ringtaw sealed data 2\n"), len(data)):
        assert "cut short" in container.parse(data[:size]).damage


def test_state_alone_takes_no_changes() -> None:
    assert container.parse(b"something else") == container.Contents(b"something else", end=14)
    assert not container.takes_changes(b"something else")
    assert container.takes_changes(container.begin(b"state"))


KEY = b"a sealed\nkey\n"


def test_witness_is_the_last_whole_one() -> None:
    lines = [container.witness_line(b"%d tag" % number) for number in range(3)]
    assert container.parse_key(KEY) == (KEY, b"", len(KEY))
    whole = KEY + b"".join(lines[:2])
    assert container.parse_key(whole) == (KEY, b"1 tag", len(whole))
    for kept in range(len(lines[2])):
        for tail in (lines[2][:kept], lines[2][:kept] + bytes(len(lines[2]) - kept)):
            assert container.parse_key(whole + tail) == (KEY, b"1 tag", len(whole))


@pytest.mark.parametrize("damage", [b"+00000000 1 tag\n", b"+x", b"+\n", b"+12345678 \xff\n"])
def test_witness_that_is_damaged_is_left_out(damage: bytes) -> None:
    assert container.parse_key(KEY + damage) == (KEY, b"", len(KEY))
