"""What the Coordinator needs of the place it runs in, and what simulation has instead."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from ringtaw_premain.errors import AdapterError, PremainError
from ringtaw_premain.hookspecs import KeyBinding
from ringtaw_premain.plugins import Runtime, choose_runtime

from ringtaw_coordinator.core.evidence import EvidenceVerifier, SimulationVerifier
from ringtaw_coordinator.errors import PlatformError
from ringtaw_coordinator.settings import Settings
from ringtaw_coordinator.state.sealed_key import PlatformSealer, Sealer, UnprotectedSealer

log = structlog.get_logger("coordinator")
_SIMULATION_HINT = "for a simulation, which protects nothing, set OE_SIMULATION=1"


def choose_sealer(settings: Settings) -> Sealer:
    """Return what protects the state's key: the platform, or in simulation nothing.

    Raises:
        PlatformError: This is no simulation, and no platform either.
    """
    if settings.simulation:
        return UnprotectedSealer()
    try:
        runtime = choose_runtime(settings.adapter)
    except AdapterError as error:
        raise PlatformError(
            f"there is no platform to attest on: {error}; {_SIMULATION_HINT}"
        ) from None
    if runtime.adapter.warning:
        log.warning(runtime.adapter.warning, adapter=runtime.name)
    return PlatformSealer(sealing_key(runtime))


def choose_verifier(settings: Settings) -> EvidenceVerifier:
    """Return what judges the evidence of Marbles.

    Raises:
        PlatformError: This is no simulation.
    """
    if settings.simulation:
        return SimulationVerifier()
    raise PlatformError(
        f"this version cannot verify the evidence of Marbles, so it admits none; {_SIMULATION_HINT}"
    )


def sealing_key(runtime: Runtime) -> Callable[[KeyBinding], bytes]:
    """Return the adapter's sealing keys, with the Coordinator's error for what goes wrong."""

    def platform_key(binding: KeyBinding) -> bytes:
        try:
            return runtime.sealing_key(binding)
        except PremainError as error:
            raise PlatformError(str(error)) from error

    return platform_key
