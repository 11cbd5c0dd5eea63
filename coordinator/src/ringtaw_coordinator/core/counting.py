"""Counting activations, durably, many at a time.

While one count is on its way to the disk, others come in; they are counted together next, with one
write for all. So what a disk takes for a write limits latency, not activations per second.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from ringtaw_coordinator.core.serving import Serving
from ringtaw_coordinator.core.state_machine import StateMachine
from ringtaw_coordinator.errors import VerificationError
from ringtaw_coordinator.names import quoted
from ringtaw_coordinator.state.vault import Vault

MAX_TOGETHER: Final = 256


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An activation that is to be counted, if the version it was judged by is still in force."""

    judged: Serving
    marble_type: str
    done: asyncio.Future[bool]


class ActivationCounter:
    """Counts activations of Marbles whose number is limited."""

    def __init__(self, machine: StateMachine, vault: Vault) -> None:
        self._machine = machine
        self._vault = vault
        self._waiting: list[_Waiting] = []
        self._runner: asyncio.Task[None] | None = None

    async def count(self, judged: Serving, marble_type: str) -> bool:
        """Count one more; returns False if there was an update after ``judged``.

        Raises:
            VerificationError: All have been used.
            StateError: Not accepting Marbles.
            StoreError: The count could not be made durable.
        """
        waiting = _Waiting(judged, marble_type, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        return await waiting.done

    async def _run(self) -> None:
        """Count until nobody waits."""
        try:
            while self._waiting:
                together = self._waiting[:MAX_TOGETHER]
                del self._waiting[:MAX_TOGETHER]
                await self._count([each for each in together if not each.done.done()])
        finally:
            self._runner = None

    async def _count(self, together: list[_Waiting]) -> None:
        def step(serving: Serving) -> tuple[Serving, list[bool | VerificationError]]:
            counted, outcomes = _count_together(serving, together)
            if counted is not serving:
                touched = {each.marble_type for each in together}
                self._vault.commit(counted.deployment, {"activations": touched})
            return counted, outcomes

        outcomes: list[bool | Exception]
        try:
            outcomes = [*await self._machine.advance(step)]
        except Exception as error:
            outcomes = [error] * len(together)
        for each, outcome in zip(together, outcomes, strict=True):
            if each.done.done():
                continue  # whoever waited has gone; it counts nevertheless
            if isinstance(outcome, Exception):
                each.done.set_exception(outcome)
            else:
                each.done.set_result(outcome)


def check_budget(serving: Serving, marble_type: str) -> None:
    """Return if one more activation is permitted.

    Raises:
        VerificationError: All have been used.
    """
    _check(serving, marble_type, serving.deployment.activations.get(marble_type, 0))


def _count_together(
    serving: Serving, together: list[_Waiting]
) -> tuple[Serving, list[bool | VerificationError]]:
    counts = dict(serving.deployment.activations)
    outcomes = [_count_one(serving, counts, each) for each in together]
    if True in outcomes:
        serving = serving.with_deployment(replace(serving.deployment, activations=counts))
    return serving, outcomes


def _count_one(
    serving: Serving, counts: dict[str, int], waiting: _Waiting
) -> bool | VerificationError:
    if not serving.is_same_version(waiting.judged):
        return False
    count = counts.get(waiting.marble_type, 0)
    try:
        _check(serving, waiting.marble_type, count)
    except VerificationError as error:
        return error
    counts[waiting.marble_type] = count + 1
    return True


def _check(serving: Serving, marble_type: str, count: int) -> None:
    limit = serving.marbles[marble_type].definition.max_activations
    if limit and count >= limit:
        raise VerificationError(
            f"the Marble {quoted(marble_type)} has been activated {limit} times, "
            f"and its MaxActivations is {limit}"
        )
