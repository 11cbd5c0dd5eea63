"""Whether another user of the machine could have laid a file where this one reads or writes.

Linux has the same rule for links, FIFOs and files in folders such as ``/tmp``, and lets it be
switched off: proc_sys_fs(5), ``fs.protected_*``.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from ringtaw_client import InputError

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def refuse_planted(path: Path, owner: int) -> None:
    """Refuse what belongs to another user, in a folder where others may write.

    Raises:
        InputError: It does.
    """
    if _is_foreign(owner) and path.parent.stat().st_mode & _OTHERS_WRITE:
        raise InputError(
            f"{path} belongs to another user, in a folder where others may write",
            hint="use a folder where only you may write",
        )


def read_trusted(path: Path, max_size: int, *, named: bool) -> bytes:
    """Return the content of a file that decides whom to trust, or what to load.

    It may be another user's only if it was ``named`` by this one, and not :func:`planted
    <refuse_planted>`.

    Raises:
        InputError: Somebody else may have written it.
        OSError: It cannot be read.
    """
    with open(path, "rb", opener=None if named else _at_once) as file:
        found = os.fstat(file.fileno())
        for owner in (found.st_uid, path.lstat().st_uid):
            if _is_foreign(owner) and not named:
                raise InputError(f"{path} belongs to another user", hint="make it yours")
            refuse_planted(path, owner)
        if found.st_mode & stat.S_IWOTH:
            raise InputError(
                f"everybody may write to {path}, and so it is not trusted",
                hint="look at what is in it, then: chmod go-w",
            )
        return file.read(max_size)


def _at_once(path: str, flags: int) -> int:
    """Open without waiting: somebody may have laid a pipe there into which nobody writes."""
    return os.open(path, flags | os.O_NONBLOCK)


def _is_foreign(owner: int) -> bool:
    return owner not in (0, os.geteuid())
