"""File systems that go wrong, in the place of the one that state is stored in."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from ringtaw_coordinator.state.filesystem import FileSystem


class CountingFiles(FileSystem):
    """Counts what changes files; :meth:`before` is called ahead of each such step.

    Reading and closing are no steps: whatever happens there, the files stay as they are.
    """

    def __init__(self) -> None:
        self.steps: list[str] = []

    def before(self, number: int, operation: str) -> None:
        """Step ``number`` (from 1) is about to happen."""

    def half_written(self, number: int) -> None:
        """Half of what step ``number`` writes has been written."""

    def _step(self, operation: str) -> None:
        self.steps.append(operation)
        self.before(len(self.steps), operation)

    def create(self, path: Path) -> int:
        self._step(f"create {path.name}")
        return super().create(path)

    def open_to_append(self, path: Path, size: int) -> int:
        if path.stat().st_size != size:
            self._step(f"cut {path.name}")
        return super().open_to_append(path, size)

    def write(self, descriptor: int, data: memoryview) -> int:
        self._step("write")
        middle = len(data) // 2
        written = super().write(descriptor, data[:middle]) if middle else 0
        self.half_written(len(self.steps))
        return written + super().write(descriptor, data[written:])

    def sync(self, descriptor: int) -> None:
        self._step("sync")
        super().sync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        self._step(f"rename to {target.name}")
        super().rename(source, target)

    def remove(self, path: Path) -> None:
        self._step(f"remove {path.name}")
        super().remove(path)

    def sync_directory(self, path: Path) -> None:
        self._step("sync directory")
        super().sync_directory(path)


class KillingFiles(CountingFiles):
    """Kills its own process before a step, or in the middle of it if that is a write."""

    def __init__(self, fatal: int, *, torn: bool = False) -> None:
        super().__init__()
        self._fatal = fatal
        self._torn = torn

    def before(self, number: int, operation: str) -> None:
        if number == self._fatal and not self._torn:
            os.kill(os.getpid(), signal.SIGKILL)

    def half_written(self, number: int) -> None:
        if number == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)


class FailingFiles(CountingFiles):
    """Fails a step, and every later one that writes, as a disk that is full or broken does."""

    def __init__(self, failing: int, code: int = errno.ENOSPC) -> None:
        super().__init__()
        self.failing = failing
        self._code = code

    def before(self, number: int, operation: str) -> None:
        if number == self.failing:
            raise OSError(self._code, os.strerror(self._code))


@dataclass
class _File:
    """Contents as the system sees them, and as far as they are on the disk for sure."""

    contents: bytes = b""
    durable: bytes | None = None
    """None as long as it was never synced. Of what was added since, any part may be there; the
    file may also have its new size with zeros in the place of what is not there."""


@dataclass
class VolatileDisk(FileSystem):
    """A disk that can lose its power: what was not synced may or may not be there afterwards.

    Files live in memory. :meth:`outcomes` yields every disk that may be found after a loss now:
    of the renames, creations and removals since the last sync of the directory any may be missing,
    and of a file that was not synced any part.
    """

    names: dict[Path, _File] = field(default_factory=dict)
    durable_names: dict[Path, _File] = field(default_factory=dict)
    pending: list[dict[Path, _File | None]] = field(default_factory=list)
    open_files: dict[int, _File] = field(default_factory=dict)

    def read(self, path: Path, limit: int) -> bytes | None:
        file = self.names.get(path)
        return None if file is None else file.contents[:limit]

    def create(self, path: Path) -> int:
        file = _File()
        self._change({path: file})
        descriptor = len(self.open_files) + 1000
        self.open_files[descriptor] = file
        return descriptor

    def require_untouched(self, descriptor: int, path: Path, size: int) -> None:
        assert self.names[path] is self.open_files[descriptor]
        assert len(self.names[path].contents) == size

    def require_size(self, path: Path, size: int) -> None:
        assert len(self.names[path].contents if path in self.names else b"") == size

    def open_to_append(self, path: Path, size: int) -> int:
        file = self.names[path]
        if len(file.contents) != size:
            file.contents = file.durable = file.contents[:size]
        descriptor = len(self.open_files) + 1000
        self.open_files[descriptor] = file
        return descriptor

    def write(self, descriptor: int, data: memoryview) -> int:
        self.open_files[descriptor].contents += bytes(data)
        return len(data)

    def sync(self, descriptor: int) -> None:
        file = self.open_files[descriptor]
        file.durable = file.contents

    def close(self, descriptor: int) -> None:
        pass

    def rename(self, source: Path, target: Path) -> None:
        self._change({target: self.names[source], source: None})

    def remove(self, path: Path) -> None:
        if path in self.names:
            self._change({path: None})

    def sync_directory(self, path: Path) -> None:
        self.pending.clear()
        self.durable_names = dict(self.names)

    def _change(self, names: dict[Path, _File | None]) -> None:
        self.pending.append(names)
        self.names = _changed(self.names, names)

    def outcomes(self) -> Iterator[VolatileDisk]:
        """Yield every disk that may be found if the power is lost now."""
        for happened in product((False, True), repeat=len(self.pending)):
            names = self.durable_names
            for change, is_there in zip(self.pending, happened, strict=True):
                names = _changed(names, change) if is_there else names
            yield from _torn(names)


def _changed(names: dict[Path, _File], change: dict[Path, _File | None]) -> dict[Path, _File]:
    merged: dict[Path, _File | None] = {**names, **change}
    return {path: file for path, file in merged.items() if file is not None}


def _torn(names: dict[Path, _File]) -> Iterator[VolatileDisk]:
    """Yield disks with nothing, half or all of what was not synced."""
    for contents in product(*(_found(file) for file in names.values())):
        found = {
            path: _File(content, content) for path, content in zip(names, contents, strict=True)
        }
        yield VolatileDisk(names=dict(found), durable_names=dict(found))


def _found(file: _File) -> list[bytes]:
    durable = file.durable or b""
    added = file.contents[len(durable) :]
    if not added:
        return [file.contents]
    half = len(added) // 2
    zeros = bytes(len(added))
    tails = [
        b"",
        added[:half],
        added,
        zeros,
        added[:half] + zeros[half:],
        zeros[:half] + added[half:],
    ]
    return [durable + tail for tail in tails]
