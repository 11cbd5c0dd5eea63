"""The few operations on files that durability rests on, in one place.

A class so that tests can put one in its place that kills the process, or fails, at any step.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

CHUNK = 1 << 20
"""Bytes of one write."""
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class FileSystem:
    """Thin names for system calls; every method may raise OSError."""

    def read(self, path: Path, limit: int) -> bytes | None:
        """Return a file's contents, None if there is none.

        What is no regular file, or has more than ``limit`` bytes, is an error and not waited for.
        """
        try:
            descriptor = os.open(path, _READ)
        except FileNotFoundError:
            return None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "is no regular file", str(path))
            if status.st_size > limit:
                raise OSError(errno.EFBIG, f"has more than {limit} bytes", str(path))
            with open(descriptor, "rb", closefd=False) as file:
                return file.read(limit)
        finally:
            os.close(descriptor)

    def create(self, path: Path) -> int:
        """Create a file that nobody else may read, in the place of any that is there."""
        self.remove(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.open(path, flags, 0o600)

    def open_to_append(self, path: Path, size: int) -> int:
        """Open a file of which only the first ``size`` bytes count; cut the rest off, durably."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            end = os.lseek(descriptor, 0, os.SEEK_END)
            if end < size:
                raise OSError(errno.EIO, "is shorter than it was", str(path))
            if end > size:
                os.ftruncate(descriptor, size)
                os.fsync(descriptor)
                os.lseek(descriptor, size, os.SEEK_SET)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def require_untouched(self, descriptor: int, path: Path, size: int) -> None:
        """Fail if an open file of this size is no longer what has this name, or is no longer so."""
        named, opened = os.stat(path, follow_symlinks=False), os.fstat(descriptor)
        if not os.path.samestat(named, opened) or opened.st_size != size:
            raise OSError(errno.ESTALE, "somebody else has changed or replaced it", str(path))

    def require_size(self, path: Path, size: int) -> None:
        """Fail if a file no longer has this size; one that is missing has 0."""
        try:
            found = os.stat(path, follow_symlinks=False).st_size
        except FileNotFoundError:
            found = 0
        if found != size:
            raise OSError(errno.ESTALE, "somebody else has changed or removed it", str(path))

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
