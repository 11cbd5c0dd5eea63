"""Directories and files that somebody else has made, changed, replaced or damaged."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from ringtaw_coordinator.core.api import State
from ringtaw_coordinator.errors import StoreError
from ringtaw_coordinator.state import files as files_module
from ringtaw_coordinator.state.files import FileStore
from ringtaw_coordinator.state.sealed_data import digest
from ringtaw_coordinator.state.sealed_key import UnprotectedSealer
from ringtaw_coordinator.state.store import Record
from ringtaw_premain.hookspecs import KeyBinding

from tests.support.deployments import coordinator_in, manifest, request

DATA = b"a sealed state"
RECORD = Record(DATA, UnprotectedSealer().wrap(bytes(32), digest(DATA), KeyBinding.PRODUCT))
LIMITED = manifest(marble={"MaxActivations": 100})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with a record in it."""
    store = FileStore(tmp_path / "state")
    store.commit(RECORD, None)
    store.close()
    return tmp_path / "state"


def load(directory: Path) -> None:
    store = FileStore(directory)
    try:
        store.load()
    finally:
        store.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def symbolic_link(path: Path) -> None:
    path.with_name("elsewhere").write_bytes(DATA)
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("name", ["sealed_data", "sealed_key", "sealed_data.next"])
@pytest.mark.parametrize("make", [Path.mkdir, fifo, symbolic_link])
def test_what_is_no_file_is_refused_at_once(
    directory: Path, name: str, make: Callable[[Path], None]
) -> None:
    (directory / name).unlink(missing_ok=True)
    make(directory / name)
    with pytest.raises(StoreError, match=f"the state cannot be read: .*{name}"):
        load(directory)


@pytest.mark.parametrize("make", [Path.mkdir, symbolic_link])
def test_lock_that_is_no_file_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "lock")
    with pytest.raises(StoreError, match="the directory for the state cannot be used"):
        FileStore(tmp_path)


def test_files_too_large_are_not_read_in_part(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "MAX_DATA_BYTES", 20)
    with pytest.raises(StoreError, match="has more than 20 bytes"):
        load(directory)


def test_state_too_large_to_be_read_again_is_not_written(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "MAX_STATE_BYTES", 20 << 20)
    store = FileStore(directory)
    stored = store.load()
    assert stored is not None
    with pytest.raises(StoreError, match="more than 20 MiB"):
        store.commit(Record(bytes((20 << 20) + 1), b""), stored.revision)
    store.commit(RECORD, stored.revision)
    store.close()


def test_rights_of_others_to_the_files_are_taken(directory: Path) -> None:
    for name in ("sealed_data", "sealed_key"):
        (directory / name).chmod(0o664)
    load(directory)
    assert mode(directory / "sealed_data") == mode(directory / "sealed_key") == 0o600


@pytest.mark.parametrize(("bits", "warned"), [(0o700, False), (0o755, False), (0o777, True)])
def test_directory_that_others_can_change_is_told(
    directory: Path, capsys: pytest.CaptureFixture[str], bits: int, *, warned: bool
) -> None:
    directory.chmod(bits)
    load(directory)
    told = "others can replace the files of the state" in capsys.readouterr().out
    assert told == warned
    assert mode(directory) == bits


def test_directory_may_be_a_link(directory: Path) -> None:
    link = directory.with_name("link")
    link.symlink_to(directory)
    load(link)


def test_missing_state_is_told(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (directory / "sealed_data").unlink()
    load(directory)
    assert "sealed_data, the state, is gone" in capsys.readouterr().out


def remove(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


def shorten(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def lengthen(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\0")


@pytest.mark.parametrize("name", ["sealed_data", "sealed_key"])
@pytest.mark.parametrize("meddle", [remove, replace, shorten, lengthen])
def test_nothing_is_acknowledged_into_files_that_others_have_changed(
    directory: Path, name: str, meddle: Callable[[Path], None]
) -> None:
    store = FileStore(directory)
    revision = store.append(b"1", b"witness", _revision(store))
    meddle(directory / name)
    for _ in range(2):
        with pytest.raises(StoreError, match=rf"the state cannot be written: .*{name}"):
            store.append(b"2", b"witness", revision)
        with pytest.raises(StoreError, match=rf"the state cannot be written: .*{name}"):
            store.commit(RECORD, revision)
    store.close()


def test_what_another_coordinator_has_written_is_neither_cut_off_nor_replaced(
    directory: Path,
) -> None:
    """A lock does not always reach other machines or enclaves; within a process it never does."""
    one, other = FileStore(directory), FileStore(directory)
    before = _revision(one)
    revision = other.append(b"other", b"witness", _revision(other))
    with pytest.raises(StoreError, match="somebody else has changed"):
        one.append(b"mine", b"witness", before)
    with pytest.raises(StoreError, match="somebody else has changed"):
        one.commit(RECORD, before)
    assert other.append(b"other", b"witness", revision).endswith("+2")
    one.close()
    other.close()


def _revision(store: FileStore) -> str:
    stored = store.load()
    assert stored is not None
    return stored.revision


async def status_of(directory: Path) -> tuple[State, str]:
    async with coordinator_in(directory) as coordinator:
        status = coordinator.status()
        return status.state, status.message


async def activate(directory: Path, times: int = 1) -> None:
    async with coordinator_in(directory) as coordinator:
        for _ in range(times):
            await coordinator.activate(request())


async def test_old_files_beside_newer_ones(tmp_path: Path) -> None:
    """Of the two files either is old, by some changes or by a whole new state."""
    directory, data, key = tmp_path, tmp_path / "sealed_data", tmp_path / "sealed_key"
    async with coordinator_in(directory) as coordinator:
        await coordinator.set_manifest(LIMITED)
    pairs = [(data.read_bytes(), key.read_bytes())]
    for times in (2, 3):
        await activate(directory, times)
        pairs.append((data.read_bytes(), key.read_bytes()))
    (first_data, first_key), (second_data, second_key), (last_data, last_key) = pairs
    for old_data, newer_key in ((first_data, last_key), (second_data, last_key)):
        data.write_bytes(old_data)
        key.write_bytes(newer_key)
        state, message = await status_of(directory)
        assert (state, "changes are missing" in message) == (State.RECOVERY, True)
    data.write_bytes(last_data)
    for old_key in (first_key, second_key):
        key.write_bytes(old_key)
        state, message = await status_of(directory)
        assert (state, "sealed_key is older" in message) == (State.RECOVERY, True)
    key.write_bytes(last_key)
    assert (await status_of(directory))[0] is State.ACCEPTING_MARBLES


async def test_changes_of_two_futures_are_not_mixed(tmp_path: Path) -> None:
    data = tmp_path / "sealed_data"
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(LIMITED)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    await activate(tmp_path, 2)
    one, start = data.read_bytes(), len(before[data])
    for path, content in before.items():
        path.write_bytes(content)
    await activate(tmp_path, 2)
    other = data.read_bytes()
    middle = start + (len(one) - start) // 2  # both changes have one length
    assert len(one) == len(other)
    data.write_bytes(one[:middle] + other[middle:])
    state, message = await status_of(tmp_path)
    assert state is State.RECOVERY
    assert "change 2 in sealed_data is damaged, or belongs elsewhere" in message


async def test_disk_that_cannot_be_written_is_told_and_used_again(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(LIMITED)
        key = tmp_path / "sealed_key"
        content = key.read_bytes()
        key.unlink()
        with pytest.raises(StoreError, match="sealed_key"):
            await coordinator.activate(request())
        assert coordinator.status().state is State.ACCEPTING_MARBLES
        key.write_bytes(content)
        await coordinator.activate(request())
