"""Monotonic counters of Marbles: raised, never lowered, and kept as long as the deployment.

A counter belongs to one Marble, by its type and UUID: another start of the same Marble has it
again, also after updates.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ringtaw_coordinator.core.serving import Serving
from ringtaw_coordinator.errors import RequestRefusedError, UnauthorizedError
from ringtaw_coordinator.names import quoted
from ringtaw_coordinator.pki.marble import MarbleName, marble_name

MAX_VALUE: Final = 2**64 - 1
MAX_NAME_BYTES: Final = 256
MAX_COUNTERS: Final = 256
"""Of one Marble."""
MAX_MARBLES: Final = 1_000_000
"""Marbles that have counters, in the whole deployment."""


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
    changed = {**counters, owner: {**own, name: value}}
    return serving.with_deployment(replace(serving.deployment, counters=changed)), former
