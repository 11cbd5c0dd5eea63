"""What the two servers have in common: a TLS port, its certificate, and calls at work."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any

from ringtaw_coordinator.core.api import TLSIdentity
from ringtaw_coordinator.server.limits import ConnectionLimits
from ringtaw_coordinator.server.listener import Listener
from ringtaw_coordinator.server.tls import ServerTLS


class Server(ABC):
    """Serves one application protocol over TLS."""

    def __init__(self, tls: ServerTLS, limits: ConnectionLimits) -> None:
        self._tls = tls
        self._listener = Listener(tls, self._connection, limits)
        self._calls: set[asyncio.Task[None]] = set()

    @abstractmethod
    def _connection(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""

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

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Let a call work while its connection goes on."""
        task = asyncio.get_running_loop().create_task(work)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
