"""How much memory this process has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def memory() -> int:
    """Bytes this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def growing_less_than(size: int) -> Iterator[None]:
    """Fail if the process has grown by ``size`` bytes or more in the meantime."""
    before = memory()
    yield
    assert memory() - before < size
