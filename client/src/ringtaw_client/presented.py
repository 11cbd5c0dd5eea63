"""The certificates that somebody presents over TLS, whoever it is."""

from __future__ import annotations

import socket
import ssl
import sys
from dataclasses import dataclass
from typing import Final

from ringtaw_client._connection import open_connection
from ringtaw_client._deadline import Deadline
from ringtaw_client.address import Address
from ringtaw_client.limits import Limits

_HINT: Final = "is the address right, and does somebody serve TLS there?"


def presented_certificates(
    address: str,
    limits: Limits = Limits(),  # noqa: B008 - immutable
) -> tuple[bytes, ...]:
    """Return what is presented at an address, DER, the server's own first. Nothing is verified.

    Raises:
        UnreachableError: Nobody answers with TLS.
        InputError: The address is none.
    """
    parsed = Address.parse(address)
    deadline = Deadline(limits.total_timeout)
    with open_connection(parsed, _Anybody(parsed.host), limits, deadline, _HINT) as connection:
        return peer_chain(connection)


def peer_chain(connection: ssl.SSLSocket) -> tuple[bytes, ...]:
    """Return the certificates that a server sent in the handshake, DER, its own first.

    OpenSSL takes 100 KiB of them at most. Before Python 3.13 ``ssl`` has no public name for them;
    its private one is the same from 3.10 to 3.12, which receive security fixes alone.
    """
    if sys.version_info >= (3, 13):
        return tuple(connection.get_unverified_chain())
    from _ssl import ENCODING_DER

    chain = connection._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined]
    return tuple(one.public_bytes(ENCODING_DER) for one in chain)


@dataclass(frozen=True, slots=True)
class _Anybody:
    """Makes TLS with whoever answers to a name."""

    name: str

    def __call__(self, tcp: socket.socket) -> ssl.SSLSocket:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        return tls.wrap_socket(tcp, server_hostname=self.name)
