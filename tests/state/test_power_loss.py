"""Power is lost at every step of a commit, and the disk keeps any part of what was not synced."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringtaw_coordinator.state.files import FileStore
from ringtaw_coordinator.state.sealed_data import digest
from ringtaw_coordinator.state.sealed_key import UnprotectedSealer
from ringtaw_coordinator.state.store import Record
from ringtaw_premain.hookspecs import KeyBinding

from tests.support.disks import VolatileDisk

DEK = bytes(32)


def record(data: bytes) -> Record:
    return Record(data, UnprotectedSealer().wrap(DEK, digest(data), KeyBinding.PRODUCT))


OLD, NEW, NEWER = record(b"the old state"), record(b"the new state"), record(b"the newer state")


class PowerLossError(Exception):
    """The power is gone."""


class LosingDisk(VolatileDisk):
    """Loses its power before a step."""

    steps_left = 0

    def _step(self) -> None:
        if self.steps_left == 0:
            raise PowerLossError
        self.steps_left -= 1

    def create(self, path: Path) -> int:
        self._step()
        return super().create(path)

    def write(self, descriptor: int, data: memoryview) -> int:
        self._step()
        return super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._step()
        super().sync(descriptor)

    def open_to_append(self, path: Path, size: int) -> int:
        self._step()
        return super().open_to_append(path, size)

    def rename(self, source: Path, target: Path) -> None:
        self._step()
        super().rename(source, target)

    def sync_directory(self, path: Path) -> None:
        self._step()
        super().sync_directory(path)


def commit(directory: Path, disk: VolatileDisk, content: Record) -> None:
    store = FileStore(directory, disk)
    try:
        stored = store.load()
        store.commit(content, stored.revision if stored else None)
    finally:
        store.close()


def load(directory: Path, disk: VolatileDisk) -> Record | None:
    store = FileStore(directory, disk)
    try:
        stored = store.load()
        return stored.record if stored else None
    finally:
        store.close()


@pytest.mark.parametrize("before", [None, OLD])
def test_state_is_before_or_after(tmp_path: Path, before: Record | None) -> None:
    steps = 0
    found: list[Record | None] = []
    while True:
        disk = LosingDisk()
        if before is not None:
            disk.steps_left = 1000
            commit(tmp_path, disk, before)
        disk.steps_left = steps
        try:
            commit(tmp_path, disk, NEW)
        except PowerLossError:
            allowed = [before, NEW]
        else:
            allowed = [NEW]  # it was acknowledged
        for outcome in disk.outcomes():
            found.append(load(tmp_path, outcome))
            assert found[-1] in allowed, steps
            commit(tmp_path, outcome, NEWER)
            assert load(tmp_path, outcome) == NEWER
        if allowed == [NEW]:
            break
        steps += 1
    assert steps > 8
    assert len(found) > 3 * steps
    assert before in found


def append(directory: Path, disk: VolatileDisk, change: bytes) -> None:
    store = FileStore(directory, disk)
    try:
        stored = store.load()
        assert stored is not None
        store.append(change, b"witness of " + change, stored.revision)
    finally:
        store.close()


def changes(directory: Path, disk: VolatileDisk) -> tuple[tuple[bytes, ...], bytes]:
    store = FileStore(directory, disk)
    try:
        stored = store.load()
        assert stored is not None
        assert (stored.record, stored.damage) == (OLD, "")
        return stored.changes, stored.witness
    finally:
        store.close()


@pytest.mark.parametrize("earlier", [(), (b"first",)])
def test_change_is_there_or_not(tmp_path: Path, earlier: tuple[bytes, ...]) -> None:
    before = (earlier, b"witness of first" if earlier else b"")
    unwitnessed = ((*earlier, b"second"), before[1])
    after = ((*earlier, b"second"), b"witness of second")
    steps, found = 0, []
    while True:
        disk = LosingDisk()
        disk.steps_left = 1000
        commit(tmp_path, disk, OLD)
        for change in earlier:
            append(tmp_path, disk, change)
        disk.steps_left = steps
        try:
            append(tmp_path, disk, b"second")
        except PowerLossError:
            allowed = [before, unwitnessed, after]
        else:
            allowed = [after]  # it was acknowledged
        for outcome in disk.outcomes():
            found.append(changes(tmp_path, outcome))
            assert found[-1] in allowed, steps
            append(tmp_path, outcome, b"third")
            assert changes(tmp_path, outcome) == ((*found[-1][0], b"third"), b"witness of third")
        if allowed == [after]:
            break
        steps += 1
    assert steps == 6
    assert {before, unwitnessed, after} == set(found)


def test_power_is_lost_after_a_change_that_was_cut_short(tmp_path: Path) -> None:
    """What a lost change left must not join what is written next."""
    torn = LosingDisk()
    torn.steps_left = 1000
    commit(tmp_path, torn, OLD)
    torn.steps_left = 2
    with pytest.raises(PowerLossError):
        append(tmp_path, torn, b"a long change that is cut short")
    for first in torn.outcomes():
        disk = LosingDisk(names=first.names, durable_names=first.durable_names)
        disk.steps_left = 2
        there = changes(tmp_path, disk)[0]
        with pytest.raises(PowerLossError):
            append(tmp_path, disk, b"next")
        for outcome in disk.outcomes():
            assert changes(tmp_path, outcome)[0] in (there, (*there, b"next"))


def test_changes_go_into_a_new_state_or_stay(tmp_path: Path) -> None:
    """A state that is written anew takes the place of the old one with all of its changes."""
    steps, found = 0, []
    before = (OLD, (b"first", b"second"))
    after: tuple[Record, tuple[bytes, ...]] = (NEW, ())
    while True:
        disk = LosingDisk()
        disk.steps_left = 1000
        commit(tmp_path, disk, OLD)
        for change in before[1]:
            append(tmp_path, disk, change)
        disk.steps_left = steps
        try:
            commit(tmp_path, disk, NEW)
        except PowerLossError:
            allowed = [before, after]
        else:
            allowed = [after]  # it was acknowledged
        for outcome in disk.outcomes():
            found.append(record_and_changes(tmp_path, outcome))
            assert found[-1] in allowed, steps
            append(tmp_path, outcome, b"third")
            assert record_and_changes(tmp_path, outcome)[1] == (*found[-1][1], b"third")
        if allowed == [after]:
            break
        steps += 1
    assert steps > 8
    assert before in found
    assert after in found


def record_and_changes(directory: Path, disk: VolatileDisk) -> tuple[Record, tuple[bytes, ...]]:
    store = FileStore(directory, disk)
    try:
        stored = store.load()
        assert stored is not None
        assert stored.damage == ""
        return stored.record, stored.changes
    finally:
        store.close()
