"""Counting activations, durably, many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ringtaw_coordinator.core.serving import Serving
from ringtaw_coordinator.core.state_machine import StateMachine
from ringtaw_coordinator.core.together import Together
from ringtaw_coordinator.errors import CoordinatorError, VerificationError
from ringtaw_coordinator.names import quoted
from ringtaw_coordinator.state.vault import Vault


@dataclass(frozen=True, slots=True)
class _Activation:
    """One that is to be counted, if the version it was judged by is still in force."""

    judged: Serving
    marble_type: str


class ActivationCounter:
    """Counts activations of Marbles whose number is limited."""

    def __init__(self, machine: StateMachine, vault: Vault) -> None:
        self._vault = vault
        self._together = Together[_Activation, bool](machine, self._count)

    async def count(self, judged: Serving, marble_type: str) -> bool:
        """Count one more; returns False if there was an update after ``judged``.

        Raises:
            VerificationError: All have been used.
            StateError: Not accepting Marbles.
            StoreError: The count could not be made durable.
        """
        return await self._together.make(_Activation(judged, marble_type))

    def _count(
        self, serving: Serving, activations: Sequence[_Activation]
    ) -> tuple[Serving, list[bool | CoordinatorError]]:
        counts = dict(serving.deployment.activations)
        outcomes = [_count_one(serving, counts, each) for each in activations]
        if True in outcomes:
            serving = serving.with_deployment(replace(serving.deployment, activations=counts))
            touched = {each.marble_type for each in activations}
            self._vault.commit(serving.deployment, {"activations": touched})
        return serving, outcomes


def check_budget(serving: Serving, marble_type: str) -> None:
    """Return if one more activation is permitted.

    Raises:
        VerificationError: All have been used.
    """
    _check(serving, marble_type, serving.deployment.activations.get(marble_type, 0))


def _count_one(
    serving: Serving, counts: dict[str, int], activation: _Activation
) -> bool | CoordinatorError:
    if not serving.is_same_version(activation.judged):
        return False
    count = counts.get(activation.marble_type, 0)
    try:
        _check(serving, activation.marble_type, count)
    except VerificationError as error:
        return error
    counts[activation.marble_type] = count + 1
    return True


def _check(serving: Serving, marble_type: str, count: int) -> None:
    limit = serving.marbles[marble_type].definition.max_activations
    if limit and count >= limit:
        raise VerificationError(
            f"the Marble {quoted(marble_type)} has been activated {limit} times, "
            f"and its MaxActivations is {limit}"
        )
