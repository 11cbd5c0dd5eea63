"""The few operations on files that durability rests on, in one place.

A class so that tests can put one in its place that kills the process, or fails, at any step.
"""

from __future__ import annotations

import os
from pathlib import Path

CHUNK = 1 << 20
"""Bytes of one write."""


class FileSystem:
    """Thin names for system calls; every method may raise OSError."""

    def read(self, path: Path, limit: int) -> bytes | None:
        """Return at most ``limit`` bytes of a regular file's contents, None if there is none."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with open(descriptor, "rb") as file:
            return file.read(limit)

    def create(self, path: Path) -> int:
        """Create a file that nobody else may read, in the place of any that is there."""
        self.remove(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.open(path, flags, 0o600)

    def open_to_append(self, path: Path, size: int) -> int:
        """Open a file of which only the first ``size`` bytes count; cut the rest off, durably."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            if os.lseek(descriptor, 0, os.SEEK_END) != size:
                os.ftruncate(descriptor, size)
                os.fsync(descriptor)
                os.lseek(descriptor, size, os.SEEK_SET)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write some of ``data``; return how much."""
        return os.write(descriptor, data[:CHUNK])

    def write_all(self, descriptor: int, content: bytes) -> None:
        """Write all of ``content``."""
        rest = memoryview(content)
        while rest:
            rest = rest[self.write(descriptor, rest) :]

    def sync(self, descriptor: int) -> None:
        """Return once the file's contents are durable."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close a file."""
        os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Put ``source`` in the place of ``target`` in one step."""
        os.replace(source, target)

    def remove(self, path: Path) -> None:
        """Remove a file if there is one."""
        path.unlink(missing_ok=True)

    def sync_directory(self, path: Path) -> None:
        """Return once the names in a directory are durable."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
