"""Monotonic counters of Marbles: raised, never lowered, and kept as long as the deployment.

A counter belongs to one Marble, by its type and UUID: another start of the same Marble has it
again, also after updates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ringtaw_coordinator.core.serving import Serving, require_feature
from ringtaw_coordinator.core.state_machine import StateMachine
from ringtaw_coordinator.core.together import Together
from ringtaw_coordinator.errors import (
    CoordinatorError,
    RequestRefusedError,
    UnauthorizedError,
)
from ringtaw_coordinator.manifest.model import FeatureGate
from ringtaw_coordinator.names import quoted
from ringtaw_coordinator.pki.marble import MarbleName, marble_name
from ringtaw_coordinator.state.entries import Entries
from ringtaw_coordinator.state.vault import Vault

MAX_VALUE: Final = 2**64 - 1
MAX_NAME_BYTES: Final = 256
MAX_COUNTERS: Final = 256
"""Of one Marble."""
MAX_MARBLES: Final = 1_000_000
"""Marbles that have counters, in the whole deployment."""


@dataclass(frozen=True, slots=True)
class _Raise:
    """What a Marble asks for, and the version under which it was found to be one."""

    judged: Serving
    certificate: bytes
    marble: MarbleName
    name: str
    value: int


class Counters:
    """Raises counters, durably, many at a time."""

    def __init__(self, machine: StateMachine, vault: Vault) -> None:
        self._machine = machine
        self._vault = vault
        self._together = Together[_Raise, int](machine, self._raise)

    async def set(self, name: str, value: int, certificate: bytes) -> int:
        """Raise a Marble's counter to ``value``, and return its former value.

        Raises:
            FeatureError: The manifest does not enable counters.
            UnauthorizedError: The certificate (DER) is no Marble's.
            RequestRefusedError: There can be no such counter.
            StateError: Not accepting Marbles.
            StoreError: It could not be made durable.
        """
        serving = self._machine.accepting()
        marble = _identify(serving, certificate)
        check_counter(name, value)
        return await self._together.make(_Raise(serving, certificate, marble, name, value))

    def _raise(
        self, serving: Serving, asked: Sequence[_Raise]
    ) -> tuple[Serving, list[int | CoordinatorError]]:
        before = serving
        outcomes: list[int | CoordinatorError] = []
        for each in asked:
            try:
                if not serving.is_same_version(each.judged):
                    _identify(serving, each.certificate)
                serving, former = raise_counter(serving, each.marble, each.name, each.value)
                outcomes.append(former)
            except CoordinatorError as error:
                outcomes.append(error)
        if serving is not before:
            touched = {counter_owner(each.marble) for each in asked}
            self._vault.commit(serving.deployment, {"counters": touched})
        return serving, outcomes


def _identify(serving: Serving, certificate: bytes) -> MarbleName:
    require_feature(serving, FeatureGate.MONOTONIC_COUNTER)
    return identify_marble(serving, certificate)


def check_counter(name: str, value: int) -> None:
    """Return if there can be a counter of this name and value.

    Raises:
        RequestRefusedError: There cannot.
    """
    if not name or len(name.encode(errors="replace")) > MAX_NAME_BYTES:
        raise RequestRefusedError(f"the name of a counter has 1 to {MAX_NAME_BYTES} bytes")
    if not 0 <= value <= MAX_VALUE:
        raise RequestRefusedError(f"the value of a counter is from 0 to {MAX_VALUE}")


def identify_marble(serving: Serving, certificate: bytes) -> MarbleName:
    """Return who has this client certificate (DER): b"" is nobody's.

    Raises:
        UnauthorizedError: No Marble that was activated since the latest update.
    """
    if not certificate:
        raise UnauthorizedError("unauthorized user: no Marble's certificate was presented")
    try:
        return marble_name(certificate, serving.deployment.intermediate.marble_root)
    except ValueError as error:
        raise UnauthorizedError(f"unauthorized user: {error}") from None


def counter_owner(marble: MarbleName) -> str:
    """Return what a deployment keeps a Marble's counters under."""
    return f"{marble.uuid} {marble.type}"


def raise_counter(
    serving: Serving, marble: MarbleName, name: str, value: int
) -> tuple[Serving, int]:
    """Return what is served once the counter has at least this value, and its former value.

    Raises:
        RequestRefusedError: There are too many counters already.
    """
    counters = serving.deployment.counters
    owner = counter_owner(marble)
    own = counters.get(owner, {})
    former = own.get(name, 0)
    if value <= former:
        return serving, former
    if name not in own and len(own) >= MAX_COUNTERS:
        raise RequestRefusedError(
            f"the Marble {quoted(owner)} has {MAX_COUNTERS} counters, which is the most it can have"
        )
    if owner not in counters and len(counters) >= MAX_MARBLES:
        raise RequestRefusedError(f"{MAX_MARBLES:,} Marbles have counters already")
    changed = Entries.of(counters).with_entries({owner: {**own, name: value}})
    return serving.with_deployment(replace(serving.deployment, counters=changed)), former
