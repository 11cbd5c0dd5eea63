"""A TLS connection, or a clear word on why there is none."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

from ringtaw_client._deadline import Deadline
from ringtaw_client.address import Address
from ringtaw_client.errors import UnreachableError
from ringtaw_client.limits import Limits

Connect = Callable[[socket.socket], ssl.SSLSocket]
"""Makes TLS of a TCP connection; raises ssl.SSLError or a ClientError."""


def open_connection(
    address: Address, connect: Connect, limits: Limits, deadline: Deadline, hint: str
) -> ssl.SSLSocket:
    """Connect with TCP and then with TLS; ``hint`` is for when nobody is there.

    Raises:
        UnreachableError: There is no connection, or not in time.
        ClientError: Whatever ``connect`` raises.
    """
    tcp = _open_tcp(address, limits, deadline, hint)
    where = f"https://{address}"
    try:
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tcp.settimeout(deadline.remaining(limits.connect_timeout))
        return connect(tcp)
    except TimeoutError:
        tcp.close()
        raise UnreachableError("no TLS handshake in time", where=where, hint=hint) from None
    except OSError as error:
        tcp.close()
        raise unreachable(error, where, "TLS failed") from None
    except BaseException:
        tcp.close()
        raise


def unreachable(error: OSError, where: str, what: str) -> UnreachableError:
    """Return the error for what the operating system or TLS says."""
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return UnreachableError(f"{what}: {reason or type(error).__name__}", where=where)


def _open_tcp(address: Address, limits: Limits, deadline: Deadline, hint: str) -> socket.socket:
    where = f"https://{address}"
    try:
        timeout = deadline.remaining(limits.connect_timeout)
        return socket.create_connection((address.host, address.port), timeout)
    except TimeoutError:
        raise UnreachableError("no TCP connection in time", where=where, hint=hint) from None
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UnreachableError(f"no TCP connection: {reason}", where=where, hint=hint) from None
