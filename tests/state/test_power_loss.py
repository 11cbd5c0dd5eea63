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
