"""An answer about a list that only grows: what was written of it once is not written again.

All who ask get the same bytes. Writing goes in steps, and others have their turn between two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from ringtaw_coordinator.server.client.jsend import Written

STEP: Final = 1000
"""Elements that are written at once, in about a millisecond."""


class GrowingAnswer:
    """Keeps the latest answer, and the list that it is about."""

    def __init__(
        self, before: bytes, between: bytes, after: bytes, write: Callable[[Sequence[str]], bytes]
    ) -> None:
        """``write`` returns some elements as they appear, without what is around them."""
        self._before = before
        self._between = between
        self._after = after
        self._write = write
        self._list: Sequence[str] = ()
        self._answer = Written(before + after)
        self._wanted: Sequence[str] = ()
        self._writing: asyncio.Task[Written] | None = None

    async def written(self, elements: Sequence[str]) -> Written:
        """Return the answer; nobody changes ``elements``, a longer list is another one."""
        if elements is self._list:
            return self._answer
        if elements is not self._wanted or self._writing is None or self._writing.done():
            self._wanted = elements
            self._writing = asyncio.create_task(self._extend(elements))
        return await asyncio.shield(self._writing)

    async def _extend(self, elements: Sequence[str]) -> Written:
        known = len(self._list)
        parts: list[bytes | memoryview] = [memoryview(self._answer)[: -len(self._after)]]
        if elements[:known] != self._list:
            known, parts = 0, [self._before]
        for start in range(known, len(elements), STEP):
            if start:
                parts.append(self._between)
            parts.append(self._write(elements[start : start + STEP]))
            await asyncio.sleep(0)
        self._list, self._answer = elements, Written(b"".join((*parts, self._after)))
        return self._answer
