"""Changes of one kind made durable many at a time.

While some are on their way to the disk, others come in; those are made together next, with one
write for all. So what a disk takes for a write limits latency, not changes per second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from ringtaw_coordinator.core.serving import Serving
from ringtaw_coordinator.core.state_machine import StateMachine
from ringtaw_coordinator.errors import CoordinatorError

MAX_TOGETHER: Final = 256

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

Step = Callable[[Serving, Sequence[Asked]], tuple[Serving, list[Answer | CoordinatorError]]]
"""Makes changes one after the other, stores what they come to, and returns what is to be served
next, with the answer to each, or why it is refused. It runs in a thread, alone."""


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Asked, Answer]):
    """A change that somebody waits for."""

    asked: Asked
    done: asyncio.Future[Answer]


class Together(Generic[Asked, Answer]):
    """Makes the changes of one kind, in the order in which they come."""

    def __init__(self, machine: StateMachine, step: Step[Asked, Answer]) -> None:
        self._machine = machine
        self._step = step
        self._waiting: list[_Waiting[Asked, Answer]] = []
        self._runner: asyncio.Task[None] | None = None

    async def make(self, asked: Asked) -> Answer:
        """Make one change; it is durable when this returns.

        Raises:
            CoordinatorError: It is refused.
            StateError: Not accepting Marbles.
            StoreError: It could not be made durable.
        """
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(asked, done))
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        return await done

    async def _run(self) -> None:
        """Make changes until nobody waits."""
        try:
            while self._waiting:
                together = self._waiting[:MAX_TOGETHER]
                del self._waiting[:MAX_TOGETHER]
                await self._make([each for each in together if not each.done.done()])
        finally:
            self._runner = None

    async def _make(self, together: list[_Waiting[Asked, Answer]]) -> None:
        asked = [each.asked for each in together]
        outcomes: Sequence[Answer | Exception]
        try:
            outcomes = await self._machine.advance(lambda serving: self._step(serving, asked))
        except Exception as error:
            outcomes = [error] * len(together)
        for each, outcome in zip(together, outcomes, strict=True):
            if each.done.done():
                continue  # whoever waited has gone; it is made nevertheless
            if isinstance(outcome, Exception):
                each.done.set_exception(outcome)
            else:
                each.done.set_result(outcome)
