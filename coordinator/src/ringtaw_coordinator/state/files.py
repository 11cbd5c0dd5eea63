"""The store in a directory: ``sealed_data`` and ``sealed_key``, changed together.

``sealed_key`` names the digest of the sealed state it belongs to, and works beside no other. Two
files cannot be renamed in one step, so a commit goes like this:

1. write ``sealed_data.next`` and sync it;
2. write ``sealed_key.next`` and sync it; sync the directory: now both names are durable;
3. rename ``sealed_key.next`` to ``sealed_key``: **this is the commit**; sync the directory;
4. rename ``sealed_data.next`` to ``sealed_data``; sync the directory: only now it is acknowledged.

A crash before 3 leaves the old pair and files that the next commit replaces. A crash between 3 and
4 leaves a ``sealed_key`` that belongs to ``sealed_data.next``: loading finishes step 4. Whichever
of the renames reached the disk, exactly one ``sealed_data`` matches ``sealed_key``.

A change is appended to ``sealed_data`` and synced; then its witness is appended to ``sealed_key``
and synced; :mod:`.container` has the layout. A crash leaves a change or a witness cut short, which
loading leaves out, or a change without its witness.

When a step fails before 3, or a write of an append, nothing has happened. When one fails later,
the outcome is not known (after a failed fsync not even reading tells), so the store refuses
everything from then on: a restart finds out. A lock on ``lock`` keeps other processes out; it ends
with the process.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from ringtaw_coordinator.errors import ConflictError, StoreError
from ringtaw_coordinator.state import container
from ringtaw_coordinator.state.directory import lock, protect
from ringtaw_coordinator.state.filesystem import FileSystem
from ringtaw_coordinator.state.growing_file import GrowingFile
from ringtaw_coordinator.state.sealed_data import digest
from ringtaw_coordinator.state.sealed_key import bound_to
from ringtaw_coordinator.state.store import Record, Revision, Stored

MAX_STATE_BYTES: Final = 1 << 30
MAX_DATA_BYTES: Final = MAX_STATE_BYTES + (64 << 20)
"""Of a state with the changes behind it."""
MAX_KEY_BYTES: Final = 16 << 20
_log = structlog.get_logger("store")


class FileStore:
    """A record in a directory of its own; at most one process has it open."""

    def __init__(self, directory: Path, files: FileSystem | None = None) -> None:
        """Create the directory if it is missing, and lock it.

        Raises:
            StoreError: It cannot be used, or another Coordinator uses it.
        """
        self._directory = directory
        self._files = files or FileSystem()
        self._data = directory / "sealed_data"
        self._key = directory / "sealed_key"
        self._next_data = directory / "sealed_data.next"
        self._next_key = directory / "sealed_key.next"
        self._revision: Revision | None = None
        self._data_file = GrowingFile(self._files, self._data, 0)
        self._key_file = GrowingFile(self._files, self._key, 0)
        self._rigid: Record | None = None
        """What was loaded, if the file has the form that takes no changes."""
        self._failure = ""
        self._lock = lock(directory, self._files)
        protect(directory, (self._data, self._key))

    @property
    def is_shared(self) -> bool:
        """Nobody else has the directory."""
        return False

    def head(self) -> Revision | None:
        """Return the revision that was loaded or written last."""
        return self._revision

    def load(self) -> Stored | None:
        """Return the record, after finishing a commit that was interrupted."""
        try:
            self._finish_commit()
            sealed_data = self._files.read(self._data, MAX_DATA_BYTES)
            sealed_key = self._files.read(self._key, MAX_KEY_BYTES)
        except OSError as error:
            raise StoreError(f"the state cannot be read: {error}") from error
        if sealed_data is None:
            if sealed_key is not None:
                _log.error("sealed_data, the state, is gone; sealed_key is there")
            self._revision = None
            return None
        contents = container.parse(sealed_data)
        rest = len(sealed_data) - contents.end
        if rest and not contents.damage:
            _log.warning("a change was cut short before it was acknowledged", bytes=rest)
        key, witness, key_end = container.parse_key(sealed_key or b"")
        revision = self._begin(contents.state, len(contents.changes), contents.end, key_end)
        self._data_file = GrowingFile(self._files, self._data, contents.end, len(sealed_data))
        self._key_file = GrowingFile(self._files, self._key, key_end, len(sealed_key or b""))
        record = Record(contents.state, key)
        self._rigid = None if container.takes_changes(sealed_data) else record
        return Stored(record, revision, contents.changes, witness, contents.damage)

    def commit(self, record: Record, expected: Revision | None) -> Revision:
        """Replace both files; the protocol is described at the top of this file."""
        self._check(expected)
        if len(record.sealed_data) > MAX_STATE_BYTES:
            raise StoreError(f"the state would have more than {MAX_STATE_BYTES >> 20} MiB")
        self._require_untouched()
        data = container.begin(record.sealed_data)
        try:
            self._write(self._next_data, data)
            self._write(self._next_key, record.sealed_key)
            self._files.sync_directory(self._directory)
        except OSError as error:
            self._discard()
            raise StoreError(f"the state cannot be written: {error}") from error
        self._replace()
        return self._begin(record.sealed_data, 0, len(data), len(record.sealed_key))

    def append(self, change: bytes, witness: bytes, expected: Revision) -> Revision:
        """Write behind what is there; the protocol is described at the top of this file."""
        self._check(expected)
        if self._rigid is not None:
            self.commit(self._rigid, expected)
        frame, line = container.frame(change), container.witness_line(witness)
        try:
            self._data_file.prepare()
            self._key_file.prepare()
        except OSError as error:
            raise StoreError(f"the state cannot be written: {error}") from error
        self._grow(self._data_file, frame)
        self._grow(self._key_file, line, undo=len(frame))
        state, _, number = expected.partition("+")
        self._revision = f"{state}+{int(number) + 1}"
        return self._revision

    def clear(self, expected: Revision | None) -> None:
        """Remove both files, the key first: a crash between leaves what only its owners open."""
        self._check(expected)
        try:
            for path in (self._next_data, self._next_key, self._key):
                self._files.remove(path)
            self._files.sync_directory(self._directory)
            self._files.remove(self._data)
            self._files.sync_directory(self._directory)
        except OSError as error:
            raise self._broken(error) from error
        self._close_files()
        self._revision = None

    def close(self) -> None:
        """Unlock the directory."""
        self._close_files()
        os.close(self._lock)

    def _begin(self, state: bytes, changes: int, data_end: int, key_end: int) -> Revision:
        """Remember what the files hold."""
        self._close_files()
        self._rigid = None
        self._data_file = GrowingFile(self._files, self._data, data_end)
        self._key_file = GrowingFile(self._files, self._key, key_end)
        self._revision = f"{digest(state).hex()}+{changes}"
        return self._revision

    def _close_files(self) -> None:
        self._data_file.close()
        self._key_file.close()

    def _check(self, expected: Revision | None) -> None:
        if self._failure:
            raise StoreError(self._failure)
        if expected != self._revision:
            raise ConflictError("the state has been changed in the meantime")

    def _require_untouched(self) -> None:
        """Refuse to replace files that are no longer as they were read or written here last."""
        try:
            if self._revision is None:
                self._files.require_size(self._data, 0)
            else:
                self._data_file.check()
                self._key_file.check()
        except OSError as error:
            raise StoreError(f"the state cannot be written: {error}") from error

    def _write(self, path: Path, content: bytes) -> None:
        descriptor = self._files.create(path)
        try:
            self._files.write_all(descriptor, content)
            self._files.sync(descriptor)
        finally:
            self._files.close(descriptor)

    def _grow(self, file: GrowingFile, piece: bytes, undo: int = 0) -> None:
        """Add to a file; if that fails, take it back, and ``undo`` bytes of the data as well."""
        try:
            file.write(piece)
        except OSError as error:
            try:
                file.shrink()
                self._data_file.shrink(undo)
            except OSError:
                raise self._broken(error) from error
            raise StoreError(f"the state cannot be written: {error}") from error
        try:
            file.sync()
        except OSError as error:
            raise self._broken(error) from error

    def _discard(self) -> None:
        """Give back the space of a commit that did not happen."""
        with suppress(OSError):
            self._files.remove(self._next_data)
            self._files.remove(self._next_key)

    def _replace(self) -> None:
        try:
            self._files.rename(self._next_key, self._key)
            self._files.sync_directory(self._directory)
            self._files.rename(self._next_data, self._data)
            self._files.sync_directory(self._directory)
        except OSError as error:
            raise self._broken(error) from error

    def _broken(self, error: OSError) -> StoreError:
        self._failure = (
            f"it is not known whether the state was written ({error}); "
            f"restart the Coordinator to find out"
        )
        return StoreError(self._failure)

    def _finish_commit(self) -> None:
        """Do step 4 if ``sealed_key`` belongs to the data that was about to be put in place."""
        following = self._files.read(self._next_data, MAX_DATA_BYTES)
        if following is None:
            return
        sealed_key = self._files.read(self._key, MAX_KEY_BYTES) or b""
        if bound_to(sealed_key) == digest(container.parse(following).state):
            self._files.rename(self._next_data, self._data)
            self._files.sync_directory(self._directory)
