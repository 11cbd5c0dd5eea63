"""Work in threads for what may take long or hang: the network, the platform.

The threads of an executor would be waited for when the process ends; these are not.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

from ringtaw_coordinator.errors import UnavailableError

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """Runs functions in daemon threads, at most ``running`` at a time while ``waiting`` wait.

    A function that was begun counts as running until it returns, even if its caller went away.
    """

    def __init__(self, purpose: str, *, running: int, waiting: int) -> None:
        self._purpose = purpose
        self._free = asyncio.Semaphore(running)
        self._room = running + waiting

    async def run(self, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Return what the function returns, or raise what it raises.

        Raises:
            UnavailableError: Too many others are waiting.
        """
        if not self._room:
            raise UnavailableError(f"too many wait for {self._purpose}; try again later")
        self._room -= 1
        try:
            await self._free.acquire()
        except BaseException:
            self._room += 1
            raise
        return await self._start(lambda: function(*arguments, **keywords))

    def _start(self, work: Callable[[], T]) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def finish(deliver: Callable[[], None]) -> None:
            self._release()
            if not future.done():  # as it is when the caller went away
                deliver()

        def run() -> None:
            try:
                result = work()
            except BaseException as error:
                deliver = _bind(future.set_exception, error)
            else:
                deliver = _bind(future.set_result, result)
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(finish, deliver)

        try:
            threading.Thread(target=run, name=self._purpose, daemon=True).start()
        except RuntimeError as error:
            self._release()
            raise UnavailableError(f"no thread is left for {self._purpose}") from error
        return future

    def _release(self) -> None:
        self._room += 1
        self._free.release()


def _bind(function: Callable[[T], None], argument: T) -> Callable[[], None]:
    return lambda: function(argument)
