"""The directory that keeps a state: for one process at a time, and for nobody else's eyes."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import structlog

from ringtaw_coordinator.errors import StoreError
from ringtaw_coordinator.state.filesystem import FileSystem

_LOCK: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_OTHERS_READ_OR_WRITE: Final = 0o077
_OTHERS_WRITE: Final = 0o022
_log = structlog.get_logger("store")


def lock(directory: Path, files: FileSystem) -> int:
    """Create the directory if it is missing, and lock it; returns what holds the lock.

    Raises:
        StoreError: It cannot be used, or another Coordinator uses it.
    """
    try:
        missing = [path for path in (directory, *directory.parents) if not path.exists()]
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in missing:
            files.sync_directory(path.parent)
        descriptor = os.open(directory / "lock", _LOCK, 0o600)
    except OSError as error:
        raise StoreError(f"the directory for the state cannot be used: {error}") from error
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EACCES, errno.EAGAIN):
            raise StoreError(f"another Coordinator is using the directory {directory}") from None
        raise StoreError(f"the directory {directory} cannot be locked: {error}") from error
    return descriptor


def protect(directory: Path, files: Iterable[Path]) -> None:
    """Take rights to the files from others, and warn where others have rights to the directory.

    A directory that others made, such as a volume of a container, may be meant for more than the
    state, so its rights are left as they are. Who can write there can put older files in place.
    """
    status = directory.stat()
    if status.st_mode & _OTHERS_WRITE or status.st_uid not in (0, os.geteuid()):
        _log.warning(
            "others can replace the files of the state: give the directory to this user alone "
            "(chown, chmod 700)",
            directory=str(directory),
            mode=f"{stat.S_IMODE(status.st_mode):04o}",
            owner=status.st_uid,
        )
    for path in files:
        try:
            _take_rights(path)
        except OSError as error:
            _log.warning("others have rights to a file of the state", reason=str(error))


def _take_rights(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISREG(mode) and mode & _OTHERS_READ_OR_WRITE:
        path.chmod(mode & 0o700)
