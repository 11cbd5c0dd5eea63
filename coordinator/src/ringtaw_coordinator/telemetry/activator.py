"""Counts activations from outside, so that what admits Marbles need not."""

from __future__ import annotations

from collections.abc import Callable

from ringtaw_coordinator.core.api import ActivationRequest, Activator, MarbleParameters
from ringtaw_coordinator.telemetry.events import Events
from ringtaw_coordinator.telemetry.metrics import OTHER, Metrics


class CountedActivator:
    """Is an Activator, and passes everything on to one."""

    def __init__(
        self,
        activator: Activator,
        metrics: Metrics,
        events: Events,
        is_known: Callable[[str], bool],
    ) -> None:
        """``is_known`` tells whether the manifest has Marbles of a type."""
        self._activator = activator
        self._metrics = metrics
        self._events = events
        self._is_known = is_known

    async def activate(self, request: ActivationRequest) -> MarbleParameters:
        """Admit a Marble, as the Activator does."""
        succeeded = False
        try:
            parameters = await self._activator.activate(request)
            succeeded = True
            self._events.activated(request)
            return parameters
        finally:
            known = succeeded or self._is_known(request.marble_type)
            label = request.marble_type if known else OTHER
            self._metrics.activation(label, succeeded=succeeded)
