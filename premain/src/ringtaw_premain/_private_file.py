"""A file that lives for a moment, to hand something to OpenSSL, which takes keys only from files.

In a libOS the file may land on a disk that the host sees, and who reads the key could activate in
the enclave's place. So only an encrypted key is ever written, under a passphrase that stays in
memory, and the file is removed at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from ringtaw_premain._descriptors import write_all
from ringtaw_premain.errors import PlatformError

DIRECTORIES: Final = ("/dev/shm", "/tmp", ".")  # noqa: S108  (names are random, O_EXCL is used)
"""Where the file may be, in order of preference: in memory first."""


def random_passphrase() -> bytes:
    """Return 256 random bits as text, since OpenSSL's callback ends at a NUL byte."""
    return os.urandom(32).hex().encode()


@contextmanager
def written(content: bytes) -> Iterator[str]:
    """Write the content to a new file of mode 0600, yield its path, and remove it.

    Raises:
        PlatformError: No directory takes a new file.
    """
    path, descriptor = _create()
    try:
        _fill(path, descriptor, content)
        yield path
    finally:
        with suppress(OSError):
            os.unlink(path)


def _fill(path: str, descriptor: int, content: bytes) -> None:
    try:
        write_all(descriptor, content)
    except OSError as error:
        raise PlatformError(f"cannot write {path}: {error.strerror}") from None
    finally:
        os.close(descriptor)


def _create() -> tuple[str, int]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    name = f".ringtaw-{os.urandom(8).hex()}"
    for directory in DIRECTORIES:
        path = os.path.join(directory, name)
        with suppress(OSError):
            return path, os.open(path, flags, 0o600)
    raise PlatformError(
        f"no directory of {', '.join(DIRECTORIES)} takes a new file",
        hint="give the enclave a file system in memory, such as a tmpfs at /tmp",
    )
