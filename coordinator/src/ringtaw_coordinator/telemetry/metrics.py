"""Metrics in the form of Prometheus, named as MarbleRun's dashboards know them.

The names of calls are grpc-prometheus's. Labels have few values: Marble types are those of the
manifest, paths and methods those of the client API, and anything else is ``other``.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from ringtaw_coordinator import __version__
from ringtaw_coordinator.core.api import ClientFacade
from ringtaw_coordinator.server.errors import GrpcCode

OTHER: Final = "other"
METHODS: Final = frozenset(("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"))
SECONDS: Final = (0.005, 0.025, 0.1, 0.5, 1, 2.5, 5)
BYTES: Final = (100, 1000, 2000, 5000, 10_000)
CALL_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHOD: Final = {"grpc_type": "unary", "grpc_service": "rpc.Marble", "grpc_method": "Activate"}
HTTP: Final = "server_client_api_http_"


class Metrics:
    """Counts what both servers do; implements their observers."""

    def __init__(self, facade: ClientFacade, paths: Collection[str]) -> None:
        """``paths`` are those of the client API."""
        disable_created_metrics()  # type: ignore[no-untyped-call] # the library says no types
        self._paths = frozenset(paths)
        self.registry = CollectorRegistry(auto_describe=False)
        self._describe_coordinator(facade)
        self._describe_calls()
        self._describe_requests()

    def render(self) -> bytes:
        """Return everything as text (Prometheus, text format 0.0.4)."""
        return generate_latest(self.registry)

    def _describe_coordinator(self, facade: ClientFacade) -> None:
        version = Gauge(
            "coordinator_version_info",
            "Version of the Coordinator.",
            ["version"],
            registry=self.registry,
        )
        version.labels(__version__).set(1)
        state = Gauge(
            "coordinator_state",
            "State of the Coordinator: 1 recovery, 2 accepting a manifest, 3 accepting Marbles.",
            registry=self.registry,
        )
        state.set_function(lambda: int(facade.status().state))
        self._activations = Counter(
            "coordinator_marble_activations",
            "Activations that Marbles asked for.",
            ["type"],
            registry=self.registry,
        )
        self._activated = Counter(
            "coordinator_marble_activations_success",
            "Activations that succeeded.",
            ["type"],
            registry=self.registry,
        )

    def _describe_calls(self) -> None:
        labels, values = list(METHOD), METHOD.values()

        def counter(name: str, text: str) -> Counter:
            return Counter(name, text, labels, registry=self.registry).labels(*values)

        self._started = counter("grpc_server_started", "Calls that began.")
        self._received = counter("grpc_server_msg_received", "Messages received.")
        self._sent = counter("grpc_server_msg_sent", "Messages sent.")
        handled = Counter(
            "grpc_server_handled",
            "Calls that were answered.",
            [*labels, "grpc_code"],
            registry=self.registry,
        )
        self._handled = {code: handled.labels(*values, _spelling(code)) for code in GrpcCode}
        self._handling = Histogram(
            "grpc_server_handling_seconds",
            "Seconds from message to answer.",
            labels,
            buckets=CALL_SECONDS,
            registry=self.registry,
        ).labels(*values)

    def _describe_requests(self) -> None:
        self._requests = Counter(
            HTTP + "request",
            "Requests that were answered.",
            ["method", "path", "code"],
            registry=self.registry,
        )
        self._durations = Histogram(
            HTTP + "request_duration_histogram_seconds",
            "Seconds from the request's head to the end of the answer.",
            ["method", "path"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._request_sizes = self._sizes("request_size", "Bytes of bodies of requests.")
        self._answer_sizes = self._sizes("response_size", "Bytes of bodies of answers.")
        in_flight = Gauge(
            HTTP + "in_flight_requests", "Requests at work.", ["path"], registry=self.registry
        )
        self._in_flight = {path: in_flight.labels(path) for path in (*sorted(self._paths), OTHER)}

    def _sizes(self, name: str, text: str) -> Histogram:
        return Histogram(
            f"{HTTP}{name}_histogram_bytes", text, ["path"], buckets=BYTES, registry=self.registry
        )

    def request_began(self, path: str) -> None:
        """Count a request to the client API as at work."""
        self._in_flight[self._known(path)].inc()

    def request_ended(self, path: str) -> None:
        """Count it no more."""
        self._in_flight[self._known(path)].dec()

    def answered(
        self, method: str, path: str, status: int, seconds: float, sizes: tuple[int, int]
    ) -> None:
        """Count a request to the client API."""
        path = self._known(path)
        method = method.lower() if method in METHODS else OTHER
        self._requests.labels(method, path, str(status)).inc()
        self._durations.labels(method, path).observe(seconds)
        self._request_sizes.labels(path).observe(sizes[0])
        self._answer_sizes.labels(path).observe(sizes[1])

    def _known(self, path: str) -> str:
        return path if path in self._paths else OTHER

    def call_started(self) -> None:
        """Count a call to the mesh API."""
        self._started.inc()
        self._received.inc()

    def call_answered(self, code: GrpcCode, seconds: float) -> None:
        """Count its answer."""
        self._sent.inc()
        self._handled[code].inc()
        self._handling.observe(seconds)

    def activation(self, marble_type: str, *, succeeded: bool) -> None:
        """Count an activation; the type is one of the manifest or ``other``."""
        self._activations.labels(marble_type).inc()
        if succeeded:
            self._activated.labels(marble_type).inc()


def _spelling(code: GrpcCode) -> str:
    """Return the name as Go spells it: ``PermissionDenied``, but ``OK``."""
    return code.name if code is GrpcCode.OK else code.name.title().replace("_", "")
