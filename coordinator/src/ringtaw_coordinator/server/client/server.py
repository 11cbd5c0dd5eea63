"""The client API's server."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from ringtaw_coordinator.core.api import ClientFacade, TLSIdentity
from ringtaw_coordinator.server.client.app import ClientApp
from ringtaw_coordinator.server.client.connection import HttpConnection
from ringtaw_coordinator.server.limits import ClientLimits
from ringtaw_coordinator.server.listener import Listener
from ringtaw_coordinator.server.observer import ClientObserver, NoObserver
from ringtaw_coordinator.server.tls import ServerTLS


class ClientServer:
    """Serves people and tools: HTTP/1.1 over TLS, a client certificate if there is one."""

    def __init__(
        self,
        facade: ClientFacade,
        identity: TLSIdentity,
        limits: ClientLimits | None = None,
        observer: ClientObserver | None = None,
    ) -> None:
        self._limits = limits or ClientLimits()
        self._app = ClientApp(facade, self._limits, observer or NoObserver())
        self._tls = ServerTLS(identity, alpn=[b"http/1.1"], require_client_certificate=False)
        self._listener = Listener(self._tls, self._connection, self._limits)
        self._calls: set[asyncio.Task[None]] = set()

    def set_identity(self, identity: TLSIdentity) -> None:
        """Present another certificate on every connection from now on.

        Raises:
            ValueError: Certificate and key do not parse or do not belong together.
        """
        self._tls.set_identity(identity)

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; return the address, whose port is new if ``port`` is 0.

        Raises:
            OSError: The address cannot be had.
        """
        return await self._listener.start(host, port)

    async def stop(self, grace: float = 0.5) -> None:
        """End, giving requests at work ``grace`` seconds; those that are not done are cancelled."""
        await self._listener.stop(grace)
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _connection(self) -> HttpConnection:
        return HttpConnection(self._app, self._spawn)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
