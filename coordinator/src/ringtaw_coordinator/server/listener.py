"""Accepts connections within limits and gives each an application protocol behind TLS."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from collections.abc import Callable
from typing import Final

from ringtaw_coordinator.server.connection import TLSConnection
from ringtaw_coordinator.server.limits import ConnectionLimits
from ringtaw_coordinator.server.tls import ServerTLS

SWEEP: Final = 0.25
"""Seconds between two looks at the deadlines."""
BACKLOG: Final = 256
DESCRIPTORS_KEPT_BACK: Final = 128
"""File descriptors that connections leave to storage, libraries and the other server."""
SCRATCH: Final = 32 * 1024


class Listener:
    """A TLS port. Full means that the oldest idle connection makes way for a new one."""

    def __init__(
        self, tls: ServerTLS, application: Callable[[], asyncio.Protocol], limits: ConnectionLimits
    ) -> None:
        self._tls = tls
        self._application = application
        self._limits = limits
        self._capacity = min(limits.max_connections, _descriptors() // 2)
        self._connections: dict[TLSConnection, None] = {}
        """In order of arrival."""
        self._per_address: Counter[str] = Counter()
        self._scratch = memoryview(bytearray(SCRATCH))
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; return the address, whose port is new if ``port`` is 0.

        Raises:
            OSError: The address cannot be had.
        """
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._accept, host, port, backlog=BACKLOG)
        self._server, self._sweeper = server, loop.create_task(self._sweep())
        address = server.sockets[0].getsockname()
        return address[0], address[1]

    async def stop(self, grace: float) -> None:
        """End everything: idle connections at once, busy ones after ``grace`` seconds."""
        if self._server is None or self._sweeper is None:
            return
        self._server.close()
        self._sweeper.cancel()
        await self._empty(grace)
        for connection in list(self._connections):
            connection.abort()
        await asyncio.gather(self._sweeper, return_exceptions=True)
        await self._server.wait_closed()

    async def _empty(self, grace: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + grace
        for connection in list(self._connections):
            if not connection.busy:
                connection.expire()
        while self._connections and loop.time() < end:
            await asyncio.sleep(min(0.01, grace))

    def _accept(self) -> TLSConnection:
        return TLSConnection(
            self._tls.session(),
            self._application(),
            self._limits,
            self._scratch,
            self._admit,
            self._forget,
        )

    def _admit(self, newcomer: TLSConnection) -> None:
        """Take in ``newcomer``, in the place of the oldest idle connection if there is no other."""
        if self._per_address[newcomer.address] >= self._limits.max_connections_per_address:
            make_way = self._oldest_idle(newcomer.address) or newcomer
        elif len(self._connections) >= self._capacity:
            make_way = self._oldest_idle(None) or newcomer
        else:
            make_way = None
        self._connections[newcomer] = None
        self._per_address[newcomer.address] += 1
        if make_way:
            self._forget(make_way)
            make_way.abort()

    def _oldest_idle(self, address: str | None) -> TLSConnection | None:
        for connection in self._connections:
            if not connection.busy and address in (None, connection.address):
                return connection
        return None

    def _forget(self, connection: TLSConnection) -> None:
        if connection not in self._connections:
            return
        del self._connections[connection]
        self._per_address[connection.address] -= 1
        if not self._per_address[connection.address]:
            del self._per_address[connection.address]

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP)
            now = loop.time()
            for connection in list(self._connections):
                if now >= connection.deadline:
                    connection.expire()


def _descriptors() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(2, soft - DESCRIPTORS_KEPT_BACK)
