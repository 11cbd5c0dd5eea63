"""A TLS connection, or a clear word on why there is none."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from ringtaw_client._deadline import Deadline
from ringtaw_client.address import Address
from ringtaw_client.errors import UnreachableError
from ringtaw_client.limits import Limits

Connect = Callable[[socket.socket], ssl.SSLSocket]
"""Makes TLS of a TCP connection; raises ssl.SSLError or a ClientError."""


@contextmanager
def open_connection(
    address: Address, connect: Connect, limits: Limits, deadline: Deadline, hint: str
) -> Iterator[ssl.SSLSocket]:
    """Connect with TCP and then with TLS; ``hint`` is for when nobody is there.

    Raises:
        UnreachableError: There is no connection, or not in time.
        ClientError: Whatever ``connect`` raises.
    """
    with (
        _open_tcp(address, limits, deadline, hint) as tcp,
        _secure(tcp, address, connect, limits, deadline, hint) as connection,
    ):
        yield connection


def _secure(
    tcp: socket.socket,
    address: Address,
    connect: Connect,
    limits: Limits,
    deadline: Deadline,
    hint: str,
) -> ssl.SSLSocket:
    where = f"https://{address}"
    try:
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        timeout = deadline.remaining(limits.connect_timeout)
        tcp.settimeout(timeout)
        with Deadline(timeout).cutting(tcp):
            return connect(tcp)
    except TimeoutError:
        raise UnreachableError("no TLS handshake in time", where=where, hint=hint) from None
    except OSError as error:
        raise unreachable(error, where, "TLS failed") from None


def unreachable(error: OSError, where: str, what: str) -> UnreachableError:
    """Return the error for what the operating system or TLS says."""
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return UnreachableError(f"{what}: {reason or type(error).__name__}", where=where)


def _open_tcp(address: Address, limits: Limits, deadline: Deadline, hint: str) -> socket.socket:
    where = f"https://{address}"
    try:
        return _first_open(address, limits, deadline)
    except TimeoutError:
        raise UnreachableError("no TCP connection in time", where=where, hint=hint) from None
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UnreachableError(f"no TCP connection: {reason}", where=where, hint=hint) from None


def _first_open(address: Address, limits: Limits, deadline: Deadline) -> socket.socket:
    """Try what the name stands for, one after the other: there may be any number of addresses."""
    failure = OSError()
    for family, kind, protocol, _, place in socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM
    ):
        with ExitStack() as closing:
            try:
                tcp = closing.enter_context(socket.socket(family, kind, protocol))
                tcp.settimeout(deadline.remaining(limits.connect_timeout))
                tcp.connect(place)
            except OSError as error:
                failure = error
            else:
                closing.pop_all()
                return tcp
    raise failure
