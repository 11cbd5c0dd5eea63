"""Standard streams that were closed before the start (``>&-`` in a shell).

Whatever is opened next would take the place of a closed one: words for a person could reach a
Coordinator. So each is a stream that fails when it is used, as one that is closed does; only what
is said on stderr vanishes.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Final

_UNUSABLE: Final = {0: os.O_WRONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}
"""How the null device is opened in the place of each: to read stdin and to write stdout fail."""


def replace_closed() -> None:
    """Replace the streams that Python has found to be closed."""
    if sys.stdin is None:
        sys.stdin = _stream(0, "r")
    if sys.stdout is None:
        sys.stdout = _stream(1, "w")
    if sys.stderr is None:
        sys.stderr = _stream(2, "w")


def _stream(number: int, mode: str) -> io.TextIOWrapper:
    descriptor = os.open(os.devnull, _UNUSABLE[number])
    if descriptor != number:
        os.dup2(descriptor, number)
        os.close(descriptor)
    binary = io.FileIO(number, mode, closefd=False)
    buffered = io.BufferedReader(binary) if mode == "r" else io.BufferedWriter(binary)
    return io.TextIOWrapper(buffered, "utf-8", "backslashreplace", line_buffering=True)
