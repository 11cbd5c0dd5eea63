"""Ports on which nobody listens until the test wants it, whatever else runs on the machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserved_port() -> Iterator[int]:
    """Reserve a port of IPv4 and, where there is one, of IPv6.

    A socket is bound to it that does not listen: connections are refused. Linux gives the port to
    nobody who asks for any, and lets a server listen on it that asks for it by number and sets
    ``SO_REUSEADDR``, as servers do (socket(7), ip(7)).
    """
    dual = socket.has_dualstack_ipv6()
    with socket.socket(socket.AF_INET6 if dual else socket.AF_INET) as reserved:
        if dual:
            reserved.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("", 0))
        yield int(reserved.getsockname()[1])
