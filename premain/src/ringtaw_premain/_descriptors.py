"""Writing through file descriptors, as far as every libOS can do it."""

from __future__ import annotations

import errno
import os
from typing import Final

_CANNOT_SYNC: Final = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


def write_all(descriptor: int, content: bytes) -> None:
    """Write everything; raises OSError."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync(descriptor: int) -> None:
    """Flush to disk where the file system can; raises OSError if it can and fails."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
