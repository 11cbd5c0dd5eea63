"""Changes to a user's files: shown as a diff, written only when told, never without a backup.

Public. The dataclass is the contract's: :class:`ringtaw_premain.build_hookspecs.FileChange`.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff
from itertools import count
from pathlib import Path
from typing import Final

from ringtaw_premain.build_hookspecs import FileChange
from ringtaw_premain.errors import PlatformError

BACKUP_SUFFIX: Final = ".orig"
_NO_FILE: Final = "/dev/null"
_NO_NEWLINE: Final = "\\ No newline at end of file\n"


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written; ``backup`` is None for a new one."""

    path: str
    backup: str | None


def diff(change: FileChange) -> str:
    """Return the change as a unified diff that patch(1) takes."""
    lines = unified_diff(
        _lines(change.before or ""),
        _lines(change.after),
        _NO_FILE if change.before is None else change.path,
        change.path,
    )
    return "".join(line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}" for line in lines)


def apply(changes: Sequence[FileChange]) -> list[Written]:
    """Write the files; all are compared with what was read before the first is written.

    Each is replaced at once: a crash leaves the old file or the new one. Mode and owner stay,
    symbolic links are followed. What was there is kept beside it as ``NAME.orig``, or under the
    next free number if that is taken by something else.

    Raises:
        PlatformError: A file is no longer what it was when it was read, or cannot be written.
    """
    for change in changes:
        _compare(change)
    written: list[Written] = []
    for change in changes:
        try:
            written.append(_write(change))
        except PlatformError as error:
            done = [f"{each.path} (was: {each.backup or 'not there'})" for each in written]
            error.hint += f"; written already: {', '.join(done)}" if done else ""
            raise
    return written


def _lines(text: str) -> list[str]:
    """Split at newlines alone: a form feed is no line's end for patch(1)."""
    *lines, rest = text.split("\n")
    return [f"{line}\n" for line in lines] + ([rest] if rest else [])


def _compare(change: FileChange) -> None:
    path = Path(change.path)
    try:
        if path.exists() and not path.is_file():
            raise PlatformError(f"{path}: is not a regular file", hint="name a file")
        now = path.read_bytes() if path.exists() else None
    except OSError as error:
        raise _failed(path, "cannot be read", error) from error
    before = None if change.before is None else change.before.encode()
    if now != before:
        raise PlatformError(
            f"{path}: has changed since it was read; nothing was written to it",
            hint="run the command again and look at the new difference",
        )


def _write(change: FileChange) -> Written:
    _compare(change)
    path = Path(os.path.realpath(change.path))
    try:
        backup = None if change.before is None else _back_up(path, change.before.encode())
        _replace(path, change.after.encode())
    except OSError as error:
        raise _failed(path, "cannot be written", error) from error
    return Written(change.path, backup)


def _back_up(path: Path, content: bytes) -> str:
    for number in count():
        suffix = f"{BACKUP_SUFFIX}.{number}" if number else BACKUP_SUFFIX
        backup = path.with_name(path.name + suffix)
        try:
            if _create_like(path, backup, content) or backup.read_bytes() == content:
                return str(backup)
        except IsADirectoryError:
            continue
    raise AssertionError("numbers do not end")


def _create_like(path: Path, new: Path, content: bytes) -> bool:
    """Create a file with the mode and owner of another; False if there is one already."""
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with open(descriptor, "wb") as file:
        _fill(path, file.fileno(), content)
    return True


def _replace(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            _fill(path, file.fileno(), content)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _fill(like: Path, descriptor: int, content: bytes) -> None:
    """Write content, durably, with the mode and owner of a file; a new one's if it is not there.

    A new script is made executable: what it is for is to be started.
    """
    try:
        status = like.stat()
    except FileNotFoundError:
        mode = 0o777 if content.startswith(b"#!") else 0o666
        os.fchmod(descriptor, mode & ~_umask())
    else:
        own = os.fstat(descriptor)
        if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
            os.fchown(descriptor, status.st_uid, status.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(path: Path, what: str, error: OSError) -> PlatformError:
    cure = "check the owner and permissions of the file and its folder, and the space left"
    return PlatformError(f"{path}: {what}: {error.strerror}", hint=cure)
