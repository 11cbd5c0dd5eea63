# ruff: noqa: D102 - the methods are asyncio's, documented there
"""One accepted connection: towards the network a protocol, towards the application a transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

import structlog

from ringtaw_coordinator.server.limits import ConnectionLimits
from ringtaw_coordinator.server.tls import TLSClosedError, TLSError, TLSSession

NEVER: Final = float("inf")
LINGER: Final = 2.0
"""Seconds a closed connection may take to send what is left."""

_log = structlog.get_logger("tls")


class TLSConnection(asyncio.BufferedProtocol, asyncio.Transport):
    """Decrypts what the network brings for an application protocol, and the other way.

    It is *busy* while its application works on a complete request, otherwise idle and the first to
    go when there is no room. In either state it has a deadline.

    ``scratch`` is where the network's bytes arrive. One buffer serves every connection of a loop:
    a selector loop fills it and calls :meth:`buffer_updated` in one step.
    """

    def __init__(
        self,
        session: TLSSession,
        application: asyncio.Protocol,
        limits: ConnectionLimits,
        scratch: memoryview,
        admit: Callable[[TLSConnection], None],
        forget: Callable[[TLSConnection], None],
    ) -> None:
        super().__init__()
        self.address = ""
        self.busy = False
        self.deadline = NEVER
        self._session = session
        self._application = application
        self._limits = limits
        self._scratch = scratch
        self._admit = admit
        self._forget = forget
        self._loop = asyncio.get_running_loop()
        self._expired: Callable[[], None] = self.abort
        self._network: asyncio.Transport
        self._established = False
        self._closing = False
        self._receiving = False
        self._held = 0
        self._blocked_by_application = False
        self._blocked_by_network = False

    # Towards the network: asyncio.BufferedProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._network = cast(asyncio.Transport, transport)
        self._network.set_write_buffer_limits(high=self._limits.write_buffer)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        self.watch(self._limits.handshake_timeout)
        self._admit(self)

    def get_buffer(self, _: int) -> memoryview:
        return self._scratch

    def buffer_updated(self, count: int) -> None:
        if self._closing:
            return
        self._session.receive(self._scratch[:count])
        self._receiving = True
        try:
            if self._established or self._finish_handshake():
                self._deliver()
        except TLSClosedError:
            self._application.eof_received()
            self.close()
        except TLSError as error:
            _log.debug("TLS failed", peer=self.address, reason=str(error))
            self._close_network()
        finally:
            self._receiving = False
        if not self._closing:
            self._flush()  # also what TLS itself has to say

    def _finish_handshake(self) -> bool:
        done = self._session.handshake()
        if done:
            self._established = True
            self.watch(self._limits.idle_timeout)
            self._application.connection_made(self)
        return done

    def _deliver(self) -> None:
        while not self._closing and (plaintext := self._session.read()):
            self._application.data_received(plaintext)

    def eof_received(self) -> bool:
        return False  # without a TLS goodbye the end may be forged: drop everything

    def connection_lost(self, exception: Exception | None) -> None:
        self._closing = True
        self._forget(self)
        if self._established:
            self._application.connection_lost(exception)
        self._session.free()

    def pause_writing(self) -> None:
        self._blocked_by_network = True
        self._set_reading()
        if self._established:
            self._application.pause_writing()

    def resume_writing(self) -> None:
        self._blocked_by_network = False
        self._set_reading()
        if self._established:
            self._application.resume_writing()

    def _set_reading(self) -> None:
        """Read nothing from a peer that does not take its answers."""
        if self._closing:
            return
        if self._blocked_by_application or self._blocked_by_network:
            self._network.pause_reading()
        else:
            self._network.resume_reading()

    # Towards the application: asyncio.Transport

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name == "peer_certificate":
            return self._session.peer_certificate
        if name == "connection":
            return self
        return self._network.get_extra_info(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or not data:
            return
        try:
            self._session.write(data)
        except TLSError:
            self.abort()
            return
        self._held += len(data)
        if not self._receiving or self._held >= self._limits.write_buffer:
            self._flush()

    def get_write_buffer_size(self) -> int:
        return self._network.get_write_buffer_size()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._network.set_write_buffer_limits(high, low)

    def pause_reading(self) -> None:
        self._blocked_by_application = True
        self._set_reading()

    def resume_reading(self) -> None:
        self._blocked_by_application = False
        self._set_reading()

    def is_reading(self) -> bool:
        return not self._blocked_by_application

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if self._closing:
            return
        self._session.close()
        self._close_network()

    def abort(self) -> None:
        self._closing = True
        self._network.abort()

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._application

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._application = cast(asyncio.Protocol, protocol)

    def _flush(self) -> None:
        self._held = 0
        if ciphertext := self._session.outgoing():
            self._network.write(ciphertext)

    def _close_network(self) -> None:
        self._flush()  # there may be an alert that says why
        self._closing = True
        self.watch(LINGER)
        self._network.close()

    # Deadlines

    def watch(
        self, seconds: float, *, busy: bool = False, expired: Callable[[], None] | None = None
    ) -> None:
        """Be busy or idle for at most ``seconds`` from now, then call ``expired`` (or abort)."""
        self.busy = busy
        self.deadline = self._loop.time() + seconds
        self._expired = expired or self.abort

    def expire(self) -> None:
        """Act as on a deadline that has passed; if that is not the end, abort soon."""
        expired = self._expired
        self.watch(LINGER)
        expired()
