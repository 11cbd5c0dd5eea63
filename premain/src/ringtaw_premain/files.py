"""Writes the files that a Marble was given, all of them or none.

Files hold secrets. Each is written whole to a temporary file beside its target, of mode 0600 and
readable by nobody else from its first byte on, and only when all are there are they renamed into
place. They are not synced to disk, since every start writes them anew.

Pseudo-files of a libOS, such as Gramine's keys, come first and in the adapter's order: regular
files may lie on a mount that is encrypted with such a key.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from ringtaw_premain._descriptors import write_all
from ringtaw_premain._targets import Target, checked_targets, exists_as_file
from ringtaw_premain.errors import PlatformError
from ringtaw_premain.hookspecs import FileWrite, WriteMode

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_IN_PLACE: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_DEVICE: Final = os.O_WRONLY | os.O_CLOEXEC
_NOT_ALLOWED: Final = (errno.EACCES, errno.EPERM, errno.EROFS)


def place_files(writes: Sequence[FileWrite]) -> Placement:
    """Write the files; on failure no regular file, temporary or new directory is left.

    Raises:
        PolicyError: A path is not one that can be written; at most keys of the libOS were.
        PlatformError: Writing failed.
    """
    targets = checked_targets(writes)
    placement = Placement()
    try:
        for target in targets:
            if target.write.mode is WriteMode.DEVICE:
                _naming(target, _write_device)
        regular = [target for target in targets if target.write.mode is WriteMode.REGULAR]
        # Looking at a file comes after the keys: Gramine refuses an encrypted file for good once
        # it was looked at without its key.
        for step in (
            placement.look_at,
            placement.stage,
            placement.write_unstaged,
            placement.rename_staged,
        ):
            for target in regular:
                _naming(target, step)
    except BaseException:
        placement.undo()
        raise
    return placement


class Placement:
    """What has been written so far, so that it can be undone."""

    def __init__(self) -> None:
        self._existing: set[str] = set()
        self._staged: dict[str, str] = {}
        self._created: list[str] = []
        self._directories: list[str] = []

    def look_at(self, target: Target) -> None:
        """Note whether the target exists; refuse what is no regular file."""
        if exists_as_file(target.path):
            self._existing.add(target.path)

    def stage(self, target: Target) -> None:
        """Write a temporary file beside the target, if one can be created there."""
        directory = os.path.dirname(target.path)
        self._make_directory(directory)
        temporary = os.path.join(directory, f".ringtaw-{os.urandom(8).hex()}")
        try:
            descriptor = os.open(temporary, _NEW, 0o600)
        except OSError as error:
            if error.errno in _NOT_ALLOWED:
                return  # a libOS may allow the target itself and nothing else beside it
            raise
        self._staged[target.path] = temporary
        try:
            write_all(descriptor, target.write.content)
        finally:
            os.close(descriptor)

    def write_unstaged(self, target: Target) -> None:
        """Write a target in place that could not be staged; if that fails it is left empty."""
        if target.path in self._staged:
            return
        descriptor = os.open(target.path, _IN_PLACE, 0o600)
        if target.path not in self._existing:
            self._created.append(target.path)
        try:
            with suppress(OSError):
                os.fchmod(descriptor, 0o600)
            write_all(descriptor, target.write.content)
        except BaseException:
            os.ftruncate(descriptor, 0)
            raise
        finally:
            os.close(descriptor)

    def rename_staged(self, target: Target) -> None:
        """Rename a staged file into place."""
        if target.path in self._staged:
            os.rename(self._staged[target.path], target.path)
            del self._staged[target.path]
            if target.path not in self._existing:
                self._created.append(target.path)

    def undo(self) -> None:
        """Remove every file and directory that was created; a replaced file stays replaced."""
        for path in (*self._staged.values(), *self._created):
            with suppress(OSError):
                os.unlink(path)
        for directory in reversed(self._directories):
            with suppress(OSError):
                os.rmdir(directory)

    def _make_directory(self, path: str) -> None:
        if os.path.isdir(path):
            return
        self._make_directory(os.path.dirname(path))
        os.mkdir(path, 0o700)
        self._directories.append(path)


def _naming(target: Target, step: Callable[[Target], None]) -> None:
    try:
        step(target)
    except OSError as error:
        raise PlatformError(f"cannot write {target.path!r}: {error.strerror}") from None


def _write_device(target: Target) -> None:
    """One write(2) to what exists; a libOS's pseudo-files take nothing else."""
    descriptor = os.open(target.path, _DEVICE)
    try:
        written = os.write(descriptor, target.write.content)
    finally:
        os.close(descriptor)
    if written != len(target.write.content):
        raise OSError(errno.EIO, f"it took {written} of {len(target.write.content)} bytes")
