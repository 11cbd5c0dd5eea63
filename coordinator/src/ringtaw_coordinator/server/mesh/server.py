"""The mesh API's server."""

from __future__ import annotations

from typing import ClassVar

from ringtaw_coordinator.core.api import Activator, TLSIdentity
from ringtaw_coordinator.server.budget import Budget
from ringtaw_coordinator.server.limits import MeshLimits
from ringtaw_coordinator.server.mesh.connection import Connection
from ringtaw_coordinator.server.mesh.service import MarbleService
from ringtaw_coordinator.server.observer import MeshObserver, NoObserver
from ringtaw_coordinator.server.server import Server
from ringtaw_coordinator.server.tls import ServerTLS


class MeshServer(Server):
    """Serves Marbles: gRPC over TLS, with a client certificate that the quote vouches for."""

    service_class: ClassVar[type[MarbleService]] = MarbleService
    """What answers calls; the Coordinator simulator has one that answers wrongly if told to."""

    def __init__(
        self,
        activator: Activator,
        identity: TLSIdentity,
        limits: MeshLimits | None = None,
        observer: MeshObserver | None = None,
    ) -> None:
        self._limits = limits or MeshLimits()
        super().__init__(
            ServerTLS(identity, alpn=[b"h2"], require_client_certificate=True), self._limits
        )
        self._service = self.service_class(activator, self._limits)
        self._service.observer = observer or NoObserver()
        self._budget = Budget(self._limits.max_buffered)

    def _connection(self) -> Connection:
        return Connection(self._service, self._limits, self._budget, self._spawn)
