"""The store in a directory."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ringtaw_coordinator.errors import ConflictError, StoreError
from ringtaw_coordinator.state.files import FileStore
from ringtaw_coordinator.state.filesystem import FileSystem
from ringtaw_coordinator.state.sealed_data import digest
from ringtaw_coordinator.state.sealed_key import UnprotectedSealer
from ringtaw_coordinator.state.store import Record
from ringtaw_premain.hookspecs import KeyBinding

from tests.support.disks import CountingFiles, FailingFiles

DEK = bytes(32)


def record(data: bytes) -> Record:
    return Record(data, UnprotectedSealer().wrap(DEK, digest(data), KeyBinding.PRODUCT))


OLD, NEW, NEWER = record(b"old"), record(b"new"), record(b"newer")


@contextmanager
def store_in(directory: Path, files: FileSystem | None = None) -> Iterator[FileStore]:
    store = FileStore(directory, files)
    try:
        yield store
    finally:
        store.close()


def stored_in(directory: Path) -> Record | None:
    with store_in(directory) as store:
        stored = store.load()
        return None if stored is None else stored.record


def commit(directory: Path, content: Record, files: FileSystem | None = None) -> None:
    with store_in(directory, files) as store:
        stored = store.load()
        store.commit(content, stored.revision if stored else None)


def test_nothing_is_stored_at_first(tmp_path: Path) -> None:
    assert stored_in(tmp_path / "state") is None


def test_what_is_committed_is_loaded(tmp_path: Path) -> None:
    commit(tmp_path, OLD)
    assert stored_in(tmp_path) == OLD
    commit(tmp_path, NEW)
    assert stored_in(tmp_path) == NEW
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"sealed_data", "sealed_key", "lock"}


def test_revisions_are_compared(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        assert store.load() is None
        with pytest.raises(ConflictError):
            store.commit(NEW, "revision")
        first = store.commit(OLD, None)
        with pytest.raises(ConflictError):
            store.commit(NEW, None)
        second = store.commit(NEW, first)
        assert second != first
        with pytest.raises(ConflictError):
            store.commit(NEWER, first)
        with pytest.raises(ConflictError):
            store.clear(first)
    assert stored_in(tmp_path) == NEW


def test_clearing_removes_both_files(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        store.clear(None)
        revision = store.commit(OLD, None)
        store.clear(revision)
        assert store.load() is None
        store.commit(NEW, None)
    assert stored_in(tmp_path) == NEW


def test_nobody_else_can_read_the_files(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "state"
    (tmp_path / "deep").mkdir()
    before = os.umask(0)
    try:
        commit(directory, OLD)
    finally:
        os.umask(before)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for path in directory.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_left_over_file_that_others_may_read_is_not_written_into(tmp_path: Path) -> None:
    for name in ("sealed_data.next", "sealed_key.next"):
        (tmp_path / name).touch(mode=0o666)
        (tmp_path / name).chmod(0o666)
    commit(tmp_path, OLD)
    for name in ("sealed_data", "sealed_key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_missing_key_is_told(tmp_path: Path) -> None:
    commit(tmp_path, OLD)
    (tmp_path / "sealed_key").unlink()
    assert stored_in(tmp_path) == Record(OLD.sealed_data, b"")


def test_key_alone_is_nothing(tmp_path: Path) -> None:
    commit(tmp_path, OLD)
    (tmp_path / "sealed_data").unlink()
    assert stored_in(tmp_path) is None
    commit(tmp_path, NEW)
    assert stored_in(tmp_path) == NEW


def test_other_data_is_loaded_as_it_lies_there(tmp_path: Path) -> None:
    commit(tmp_path, OLD)
    (tmp_path / "sealed_data").write_bytes(b"damaged")
    assert stored_in(tmp_path) == Record(b"damaged", OLD.sealed_key)


def test_following_data_is_ignored_unless_the_key_belongs_to_it(tmp_path: Path) -> None:
    commit(tmp_path, OLD)
    (tmp_path / "sealed_data.next").write_bytes(NEW.sealed_data)
    assert stored_in(tmp_path) == OLD
    (tmp_path / "sealed_key").write_bytes(NEW.sealed_key)
    assert stored_in(tmp_path) == NEW
    assert not (tmp_path / "sealed_data.next").exists()


def append(directory: Path, change: bytes, files: FileSystem | None = None) -> None:
    with store_in(directory, files) as store:
        stored = store.load()
        assert stored is not None
        store.append(change, b"witness " + change, stored.revision)


def test_changes_are_loaded_in_order(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        revision = store.commit(OLD, None)
        for change in (b"1", b"2"):
            former, revision = revision, store.append(change, b"witness " + change, revision)
            with pytest.raises(ConflictError):
                store.append(b"other", b"", former)
    append(tmp_path, b"3")
    with store_in(tmp_path) as store:
        stored = store.load()
        assert stored is not None
        assert (stored.record, stored.changes) == (OLD, (b"1", b"2", b"3"))
        assert stored.witness == b"witness 3"
        store.commit(NEW, stored.revision)
        stored = store.load()
        assert stored is not None
        assert (stored.record, stored.changes, stored.witness) == (NEW, (), b"")


def test_state_in_the_oldest_form_takes_changes(tmp_path: Path) -> None:
    commit(tmp_path, OLD)
    (tmp_path / "sealed_data").write_bytes(OLD.sealed_data)
    append(tmp_path, b"1")
    with store_in(tmp_path) as store:
        stored = store.load()
        assert stored is not None
        assert (stored.record, stored.changes) == (OLD, (b"1",))


@pytest.mark.parametrize("failing", [1, 3])
def test_write_of_a_change_that_fails_leaves_nothing(tmp_path: Path, failing: int) -> None:
    commit(tmp_path, OLD)
    files = FailingFiles(failing)
    with store_in(tmp_path, files) as store:
        stored = store.load()
        assert stored is not None
        with pytest.raises(StoreError, match="No space left"):
            store.append(b"lost", b"witness", stored.revision)
        revision = store.append(b"kept", b"witness", stored.revision)
        store.append(b"kept too", b"witness", revision)
    with store_in(tmp_path) as store:
        stored = store.load()
        assert stored is not None
        assert stored.changes == (b"kept", b"kept too")


@pytest.mark.parametrize("failing", [2, 4])
def test_nothing_is_promised_after_a_failed_sync(tmp_path: Path, failing: int) -> None:
    commit(tmp_path, OLD)
    with store_in(tmp_path, FailingFiles(failing, errno.EIO)) as store:
        stored = store.load()
        assert stored is not None
        with pytest.raises(StoreError, match="it is not known whether"):
            store.append(b"change", b"witness", stored.revision)
        with pytest.raises(StoreError, match="restart the Coordinator"):
            store.append(b"change", b"witness", stored.revision)


def test_change_that_was_cut_short_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(tmp_path, OLD)
    append(tmp_path, b"first")
    with (tmp_path / "sealed_data").open("ab") as file:
        file.write(b"\0\0")
    with store_in(tmp_path) as store:
        stored = store.load()
        assert stored is not None
        assert stored.changes == (b"first",)
    assert "cut short before it was acknowledged" in capsys.readouterr().out


HOLDER = """
import sys
from pathlib import Path
from ringtaw_coordinator.state.files import FileStore
store = FileStore(Path(sys.argv[1]))
print("locked", flush=True)
sys.stdin.read()
"""


def test_another_process_is_kept_out_while_the_first_one_lives(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(StoreError, match="another Coordinator is using the directory"):
            FileStore(tmp_path)
        holder.kill()
    FileStore(tmp_path).close()


def test_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot be used.*file"):
        FileStore(tmp_path / "file" / "state")


def test_unreadable_state_is_not_taken_for_none(tmp_path: Path) -> None:
    commit(tmp_path, OLD)
    (tmp_path / "sealed_data").unlink()
    (tmp_path / "sealed_data").mkdir()
    with store_in(tmp_path) as store, pytest.raises(StoreError, match="cannot be read"):
        store.load()


def steps_of_a_commit(directory: Path) -> list[str]:
    commit(directory, OLD)
    files = CountingFiles()
    commit(directory, NEW, files)
    return files.steps


def test_the_key_is_renamed_first_and_everything_is_synced_before(tmp_path: Path) -> None:
    steps = steps_of_a_commit(tmp_path)
    renames = [step for step in steps if step.startswith("rename")]
    assert renames == ["rename to sealed_key", "rename to sealed_data"]
    before = steps[: steps.index(renames[0])]
    assert before.count("sync") == 2
    assert before[-1] == "sync directory"
    assert steps[-1] == "sync directory"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
def test_failure_at_every_step(tmp_path: Path, code: int) -> None:
    steps = steps_of_a_commit(tmp_path / "count")
    committed = steps.index("rename to sealed_key")
    for number in range(1, len(steps) + 1):
        directory = tmp_path / f"{number}"
        commit(directory, OLD)
        files = FailingFiles(number, code)
        with store_in(directory, files) as store:
            stored = store.load()
            assert stored is not None
            with pytest.raises(StoreError, match=os.strerror(code)):
                store.commit(NEW, stored.revision)
            if number <= committed:
                assert stored_in_again(store) == OLD
                store.commit(NEWER, stored.revision)
            else:
                with pytest.raises(StoreError, match="restart the Coordinator"):
                    store.commit(NEWER, stored.revision)
        expected = (NEWER,) if number <= committed else (OLD, NEW)
        assert stored_in(directory) in expected, steps[number - 1]


def stored_in_again(store: FileStore) -> Record | None:
    stored = store.load()
    return stored.record if stored else None


def test_failed_commit_gives_its_space_back(tmp_path: Path) -> None:
    commit(tmp_path, OLD)
    files = FailingFiles(8)
    with store_in(tmp_path, files) as store:
        stored = store.load()
        assert stored is not None
        with pytest.raises(StoreError, match="cannot be written"):
            store.commit(NEW, stored.revision)
    assert {path.name for path in tmp_path.iterdir()} == {"sealed_data", "sealed_key", "lock"}
