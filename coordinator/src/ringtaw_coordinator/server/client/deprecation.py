"""Who still uses version 1 of the client API is told to the log, but cannot fill it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog

PERIOD: Final = 3600.0
"""Seconds for which further uses of a path are counted, not logged."""

_log = structlog.get_logger("client-api")


class DeprecationLog:
    """Logs the first use of each path, and later ones once an hour, with their number.

    Paths are those of endpoints, of which there are few.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def note(self, path: str) -> None:
        """Take down a use of this path."""
        self._counts[path] = self._counts.get(path, 0) + 1
        now = self._clock()
        if path not in self._logged or now - self._logged[path] >= PERIOD:
            self._logged[path] = now
            _log.info("deprecated endpoint used", path=path, times=self._counts.pop(path))
