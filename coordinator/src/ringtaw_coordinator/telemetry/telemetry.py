"""All of it together: what counts, what is counted, and the server that shows it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from ringtaw_coordinator.core.api import Activator, ClientFacade
from ringtaw_coordinator.telemetry.activator import CountedActivator
from ringtaw_coordinator.telemetry.events import Events
from ringtaw_coordinator.telemetry.metrics import Metrics
from ringtaw_coordinator.telemetry.server import TelemetryServer

METRICS: Final = "/metrics"
EVENTS: Final = "/events"


class Telemetry:
    """Metrics and events of one Coordinator, on a port of their own."""

    def __init__(self, facade: ClientFacade, paths: Collection[str]) -> None:
        """``paths`` are those of the client API."""
        self.metrics = Metrics(facade, paths)
        self.events = Events()
        self.server = TelemetryServer(
            {
                METRICS: (CONTENT_TYPE_PLAIN_0_0_4, self.metrics.render),
                EVENTS: ("application/json", self.events.render),
            }
        )

    def counted(self, activator: Activator, is_known: Callable[[str], bool]) -> Activator:
        """Return the activator with all it does counted.

        ``is_known`` tells whether the manifest has Marbles of a type.
        """
        return CountedActivator(activator, self.metrics, self.events, is_known)
