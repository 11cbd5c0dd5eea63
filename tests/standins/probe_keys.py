"""What /dev/attestation does, asked by a program; runs in a stand-in and in Gramine alike.

Prints JSON: for each operation its result, or the name of the errno. ``EXPECTED`` is what Gramine
1.9 answers in gramine-direct with the keys ``default`` and ``other`` declared.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Final

DEVICE: Final = "/dev/attestation"
KEY: Final = f"{DEVICE}/keys/default"
OTHER: Final = f"{DEVICE}/keys/other"


def opened(path: str, flags: int) -> str:
    """Open and close."""
    os.close(os.open(path, flags, 0o600))
    return "opened"


def content(path: str) -> str:
    """Return what a fresh handle holds, as hexadecimal digits."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 100).hex()
    finally:
        os.close(descriptor)


def written(path: str, *values: bytes, flags: int = 0) -> list[int]:
    """Write each value with one write(2) through one handle."""
    descriptor = os.open(path, os.O_WRONLY | flags)
    try:
        return [os.write(descriptor, value) for value in values]
    finally:
        os.close(descriptor)


def on_handle(operation: Callable[[int], object]) -> str:
    """Do something to a handle that can write."""
    descriptor = os.open(KEY, os.O_RDWR)
    try:
        return str(operation(descriptor))
    finally:
        os.close(descriptor)


def replaced() -> None:
    """Write beside and rename into place, as one does with ordinary files."""
    with tempfile.NamedTemporaryFile() as file:
        os.replace(file.name, KEY)


OPERATIONS: Final[list[tuple[str, Callable[[], object], object]]] = [
    ("the directory", lambda: os.path.isdir(DEVICE), True),
    ("the keys' directory", lambda: os.path.isdir(f"{DEVICE}/keys"), True),
    ("a key exists", lambda: os.path.exists(KEY), True),
    ("a key that was not declared", lambda: os.path.exists(f"{DEVICE}/keys/no"), False),
    ("size of a key", lambda: os.stat(KEY).st_size, 0),
    ("read a key that is not set", lambda: content(KEY), ""),
    ("open what is missing", lambda: opened(f"{DEVICE}/quote", os.O_RDONLY), "ENOENT"),
    ("open a key below a key", lambda: opened(f"{KEY}/x", os.O_RDONLY), "ENOTDIR"),
    ("create a key", lambda: opened(f"{DEVICE}/keys/no", os.O_WRONLY | os.O_CREAT), "EACCES"),
    ("create a file", lambda: opened(f"{DEVICE}/no", os.O_WRONLY | os.O_CREAT), "EACCES"),
    ("create what exists", lambda: opened(KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "EEXIST"),
    ("write a directory", lambda: opened(f"{DEVICE}/keys", os.O_WRONLY), "EISDIR"),
    ("write 15 bytes", lambda: written(KEY, bytes(15)), "EACCES"),
    ("write 17 bytes", lambda: written(KEY, bytes(17)), "EACCES"),
    ("still not set", lambda: content(KEY), ""),
    ("write 16 bytes", lambda: written(KEY, b"a" * 16), [16]),
    ("read it", lambda: content(KEY), "61" * 16),
    ("another key is not set", lambda: content(OTHER), ""),
    ("size stays", lambda: os.stat(KEY).st_size, 0),
    ("each write replaces it", lambda: written(KEY, b"b" * 16, b"c" * 16), [16, 16]),
    ("read the last", lambda: content(KEY), "63" * 16),
    ("in two halves", lambda: written(KEY, b"d" * 8, b"d" * 8), "EACCES"),
    ("truncate while opening", lambda: opened(KEY, os.O_WRONLY | os.O_TRUNC), "opened"),
    ("it is kept", lambda: content(KEY), "63" * 16),
    ("truncate a handle", lambda: on_handle(lambda handle: os.ftruncate(handle, 0)), "None"),
    ("it is kept again", lambda: content(KEY), "63" * 16),
    ("other spelling", lambda: content("//dev//attestation/./keys/../keys//default"), "63" * 16),
    ("fsync", lambda: on_handle(os.fsync), "ENOSYS"),
    ("write a handle for reading", lambda: os.write(os.open(KEY, os.O_RDONLY), b"e" * 16), "EBADF"),
    ("unlink", lambda: os.unlink(KEY), "EACCES"),
    ("rename", lambda: os.rename(KEY, f"{DEVICE}/keys/moved"), "EPERM"),
    ("rename onto it", replaced, "EXDEV"),
    ("make a directory", lambda: os.mkdir(f"{DEVICE}/new"), "EACCES"),
    ("make one that exists", lambda: os.mkdir(f"{DEVICE}/keys"), "EEXIST"),
]
EXPECTED: Final = {name: expected for name, _, expected in OPERATIONS}


def attempt(operation: Callable[[], object]) -> object:
    """Return the operation's result or the name of its errno."""
    try:
        return operation()
    except OSError as error:
        return errno.errorcode[error.errno or 0]


if __name__ == "__main__":
    json.dump({name: attempt(operation) for name, operation, _ in OPERATIONS}, sys.stdout)
