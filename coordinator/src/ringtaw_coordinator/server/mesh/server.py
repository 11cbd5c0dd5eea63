"""The mesh API's server."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar

from ringtaw_coordinator.core.api import Activator, TLSIdentity
from ringtaw_coordinator.server.budget import Budget
from ringtaw_coordinator.server.limits import MeshLimits
from ringtaw_coordinator.server.listener import Listener
from ringtaw_coordinator.server.mesh.connection import Connection
from ringtaw_coordinator.server.mesh.service import MarbleService
from ringtaw_coordinator.server.observer import MeshObserver, NoObserver
from ringtaw_coordinator.server.tls import ServerTLS


class MeshServer:
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
        self._service = self.service_class(activator, self._limits)
        self._service.observer = observer or NoObserver()
        self._budget = Budget(self._limits.max_buffered)
        self._tls = ServerTLS(identity, alpn=[b"h2"], require_client_certificate=True)
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
        """End, giving calls at work ``grace`` seconds; those that are not done are cancelled."""
        await self._listener.stop(grace)
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _connection(self) -> Connection:
        return Connection(self._service, self._limits, self._budget, self._spawn)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
