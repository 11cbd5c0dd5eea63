"""The client API's server."""

from __future__ import annotations

from ringtaw_coordinator.core.api import ClientFacade, TLSIdentity
from ringtaw_coordinator.server.client.app import ClientApp
from ringtaw_coordinator.server.client.connection import HttpConnection
from ringtaw_coordinator.server.limits import ClientLimits
from ringtaw_coordinator.server.observer import ClientObserver, NoObserver
from ringtaw_coordinator.server.server import Server
from ringtaw_coordinator.server.tls import ServerTLS


class ClientServer(Server):
    """Serves people and tools: HTTP/1.1 over TLS, a client certificate if there is one."""

    def __init__(
        self,
        facade: ClientFacade,
        identity: TLSIdentity,
        limits: ClientLimits | None = None,
        observer: ClientObserver | None = None,
    ) -> None:
        limits = limits or ClientLimits()
        tls = ServerTLS(identity, alpn=[b"http/1.1"], require_client_certificate=False)
        super().__init__(tls, limits)
        self._app = ClientApp(facade, limits, observer or NoObserver())

    def _connection(self) -> HttpConnection:
        return HttpConnection(self._app, self._spawn)
