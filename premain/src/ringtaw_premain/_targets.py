"""Checks where the files of a manifest go: their paths first, then what is there already.

Each problem is one error that names the file; a file that passes can be written by
:mod:`ringtaw_premain.files` unless the disk is full or the file system changes meanwhile.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from typing import NamedTuple

from ringtaw_premain.errors import PolicyError
from ringtaw_premain.hookspecs import FileWrite


class Target(NamedTuple):
    """A checked file: where it goes with all links in its directory resolved."""

    path: str
    write: FileWrite


def checked_targets(writes: Sequence[FileWrite]) -> list[Target]:
    """Return where each file goes, in the same order.

    Raises:
        PolicyError: A path is not one that can be written.
    """
    targets: dict[str, Target] = {}
    for write in writes:
        path = _resolved(write.path)
        if path in targets:
            raise PolicyError(f"two files of the manifest are the same file: {write.path!r}")
        targets[path] = Target(path, write)
    for path in targets:
        if any(parent in targets for parent in _parents(path)):
            raise PolicyError(f"{path!r} lies below another file of the manifest")
    return list(targets.values())


def _resolved(path: str) -> str:
    """Relative paths begin at the working directory."""
    if not path or "\0" in path:
        raise PolicyError(f"{path!r} is not a path that a file of the manifest can have")
    components = path.split("/")
    if ".." in components:
        raise PolicyError(f"{path!r} leads outside with '..'", hint="write the path without it")
    if components[-1] in ("", "."):
        raise PolicyError(f"{path!r} names a directory, not a file")
    return os.path.join(os.path.realpath(os.path.dirname(path)), components[-1])


def exists_as_file(path: str) -> bool:
    """Whether a regular file is there.

    Raises:
        PolicyError: Something else is there, or it cannot be told.
    """
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        raise PolicyError(f"cannot write {path!r}: a part of its path is a file") from None
    except OSError as error:
        raise PolicyError(f"cannot write {path!r}: {error.strerror}") from None
    if not stat.S_ISREG(mode):
        raise PolicyError(f"cannot write {path!r}: it is {_kind(mode)}", hint="remove it first")
    return True


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a directory"
    return "a symbolic link" if stat.S_ISLNK(mode) else "a special file"


def _parents(path: str) -> list[str]:
    components = path.split("/")
    return ["/".join(components[:count]) for count in range(2, len(components))]
