"""The client API's server."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from aiohttp import web

from ringtaw_coordinator.core.api import ClientFacade, TLSIdentity
from ringtaw_coordinator.server.client.app import ClientApp
from ringtaw_coordinator.server.client.jsend import error
from ringtaw_coordinator.server.errors import UNEXPECTED_TEXT, describe
from ringtaw_coordinator.server.limits import ClientLimits
from ringtaw_coordinator.server.listener import Listener
from ringtaw_coordinator.server.observer import ClientObserver, NoObserver
from ringtaw_coordinator.server.tls import ServerTLS

READ_BUFFER: Final = 64 * 1024
"""Bytes of a body that wait for the handler before no more is read."""
LINGER: Final = 5.0
"""Seconds of reading on after a refusal, so that the client gets to read it."""

_log = structlog.get_logger("client-api")


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
        self._server: web.Server | None = None

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
        self._server = web.Server(self._app.handle)
        return await self._listener.start(host, port)

    async def stop(self, grace: float = 0.5) -> None:
        """End, giving requests at work ``grace`` seconds."""
        await self._listener.stop(grace)
        if self._server is not None:
            await self._server.shutdown(0)

    def _connection(self) -> asyncio.Protocol:
        assert self._server is not None  # noqa: S101 - nobody connects before the start
        return _RequestHandler(
            self._server,
            loop=asyncio.get_running_loop(),
            auto_decompress=False,
            keepalive_timeout=self._limits.idle_timeout,
            lingering_time=LINGER,
            max_field_size=self._limits.max_header_line,
            max_headers=self._limits.max_headers,
            max_line_size=self._limits.max_request_line,
            read_bufsize=READ_BUFFER,
            tcp_keepalive=False,
        )


class _RequestHandler(web.RequestHandler):
    """aiohttp's, but what does not parse as HTTP is answered in JSend and not logged at length."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.Response:
        if status == 400:
            response = error(status, "the request does not parse as HTTP/1.1")
        else:
            response = error(status, UNEXPECTED_TEXT)
            if isinstance(exc, Exception) and not isinstance(exc, ConnectionError):
                _log.error("request failed unexpectedly", error=describe(exc))
        response.force_close()
        return response
