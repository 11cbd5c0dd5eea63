"""A moment by which something is over, however it goes on until then."""

from __future__ import annotations

import time


class Deadline:
    """So many seconds from now, by a clock that nobody sets."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self, at_most: float) -> float:
        """Return the seconds that are left, but no more than given.

        Raises:
            TimeoutError: None are left.
        """
        seconds = min(self._end - time.monotonic(), at_most)
        if seconds <= 0:
            raise TimeoutError
        return seconds
