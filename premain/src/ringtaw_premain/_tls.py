"""The TLS connection to the Coordinator, with the Marble's own certificate as client certificate.

The Coordinator is not verified unless it is pinned: it attests the Marble, not the other way round.
"""

from __future__ import annotations

import socket
import ssl
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Self, TypeVar

from ringtaw_premain import _private_file
from ringtaw_premain._parse import Address, Pin, ip_address
from ringtaw_premain.errors import PlatformError, TransportError, UnreachableError
from ringtaw_premain.identity import Identity

Result = TypeVar("Result")

CONNECT_TIMEOUT: Final = 5.0
HANDSHAKE_TIMEOUT: Final = 10.0
"""Seconds that one address, and one handshake, may take, within the deadline of all."""
PIECE: Final = 32 * 1024
"""Bytes that are read before OpenSSL looks at them: two of TLS's largest records."""


def client_context(identity: Identity) -> ssl.SSLContext:
    """Return the TLS settings of the mesh API with this client certificate.

    Raises:
        PlatformError: There is no place for the file through which OpenSSL takes the key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    passphrase = _private_file.random_passphrase()
    certificate = ssl.DER_cert_to_PEM_cert(identity.certificate).encode()
    with _private_file.written(certificate + identity.encrypted_private_key(passphrase)) as path:
        try:
            context.load_cert_chain(path, password=passphrase)
        except OSError as error:
            raise PlatformError(f"OpenSSL did not take the client certificate: {error}") from None
    return context


class Connection:
    """A connection that keeps a deadline (of time.monotonic) and raises only our errors.

    OpenSSL works in memory, on a piece of what has arrived at a time. Given the socket it would not
    come back while a server sends what it passes over, such as HelloRequest (RFC 5246, section
    7.4.1.1), whatever the socket's timeout.
    """

    def __init__(
        self, tcp: socket.socket, address: Address, context: ssl.SSLContext, deadline: float
    ) -> None:
        self._tcp = tcp
        self._deadline = deadline
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server_name = None if ip_address(address.host) else address.host.encode()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)

    @classmethod
    def open(
        cls, address: Address, context: ssl.SSLContext, pin: Pin | None, deadline: float
    ) -> Self:
        """Connect, shake hands and check the pin before anything is said.

        Raises:
            UnreachableError: Nobody answered.
            PeerError: The peer is not the one that was pinned.
            TransportError: The peer does not speak TLS, or not as it should.
        """
        tcp = _connect(address, deadline)
        try:
            connection = cls(tcp, address, context, deadline)
            connection._shake_hands()
            _check_peer(connection._tls, address, pin)
        except BaseException:
            tcp.close()
            raise
        return connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._tcp.close()

    def send(self, data: bytes) -> None:
        """Send everything."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._drive(self._tls.write, rest) :]

    def receive(self, limit: int) -> bytes:
        """Return what has arrived, at least one byte."""
        data = self._drive(self._tls.read, limit)
        if not data:
            raise UnreachableError("the Coordinator closed the connection")
        return data

    def _shake_hands(self) -> None:
        deadline = self._deadline
        self._deadline = min(deadline, time.monotonic() + HANDSHAKE_TIMEOUT)
        self._drive(self._tls.do_handshake)
        self._deadline = deadline

    def _drive(self, operation: Callable[..., Result], *arguments: object) -> Result:
        """Let OpenSSL do something, with what it has for the peer and needs of it."""
        try:
            while True:
                self._wait_at_most()
                with suppress(ssl.SSLWantReadError):
                    result = operation(*arguments)
                    self._send_written()
                    return result
                self._send_written()
                self._take_in()
        except OSError as error:
            raise _explained(error) from None

    def _send_written(self) -> None:
        if self._outgoing.pending:
            self._tcp.sendall(self._outgoing.read())

    def _take_in(self) -> None:
        if arrived := self._tcp.recv(PIECE):
            self._incoming.write(arrived)
        else:
            self._incoming.write_eof()

    def _wait_at_most(self) -> None:
        self._tcp.settimeout(_remaining(self._deadline))


def _connect(address: Address, deadline: float) -> socket.socket:
    """Try the addresses of the host in turn."""
    try:
        # As bytes, since text would go through IDNA, which loads tables that nobody needs here.
        found = socket.getaddrinfo(address.host.encode(), address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UnreachableError(f"cannot resolve {address.host}: {error.strerror}") from None
    reason = "it has no address"
    for family, _, _, _, endpoint in found:
        timeout = min(CONNECT_TIMEOUT, _remaining(deadline))
        try:
            return _connect_to(family, endpoint, timeout)
        except OSError as error:
            reason = error.strerror or str(error)
    raise UnreachableError(f"cannot connect to {address}: {reason}")


def _connect_to(family: socket.AddressFamily, endpoint: Any, timeout: float) -> socket.socket:
    attempt = socket.socket(family, socket.SOCK_STREAM)
    try:
        attempt.settimeout(timeout)
        attempt.connect(endpoint)
        with suppress(OSError):  # a libOS may not know it
            attempt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        attempt.close()
        raise
    return attempt


def _check_peer(connected: ssl.SSLObject, address: Address, pin: Pin | None) -> None:
    if connected.selected_alpn_protocol() != "h2":
        raise TransportError(
            f"the server at {address} does not speak HTTP/2",
            hint="does EDG_MARBLE_COORDINATOR_ADDR name the Coordinator's mesh API?",
        )
    if pin:
        from ringtaw_premain import _pin

        _pin.check(pin, _certificate_chain(connected))


def _certificate_chain(connected: ssl.SSLObject) -> list[bytes]:
    """Return the DER of what the server presented, its own certificate first."""
    if sys.version_info >= (3, 13):
        return connected.get_unverified_chain()
    import _ssl

    # The same call as the public one of Python 3.13.
    presented = connected._sslobj.get_unverified_chain()  # type: ignore[attr-defined]
    return [certificate.public_bytes(_ssl.ENCODING_DER) for certificate in presented]


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise UnreachableError("no answer within the time set")
    return remaining


def _explained(error: OSError) -> TransportError:
    """What broke off may go better next time; what was said and is wrong will not."""
    if isinstance(error, TimeoutError):
        return UnreachableError("the Coordinator did not answer in time")
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return UnreachableError("the Coordinator closed the connection")
    if isinstance(error, ssl.SSLError):
        return TransportError(f"TLS with the Coordinator failed: {error.reason or error}")
    return UnreachableError(f"the connection to the Coordinator broke: {error.strerror or error}")
