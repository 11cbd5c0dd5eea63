"""What the servers give to a stranger: numbers, seconds and bytes, all in one place.

Nobody who connects is known before the handler has looked at the request, so every connection is
treated as an attacker's until then.
"""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Limits on connections, the same for both servers.

    A connection is *idle* until a complete request is at work on it. When there is no room for a
    new one, the oldest idle one makes way.
    """

    max_connections: int = 512
    max_connections_per_address: int = 512
    """Behind one address there may be a whole cluster: lower it only where that is not so."""
    handshake_timeout: float = 10.0
    """Seconds from accept to the end of the TLS handshake."""
    idle_timeout: float = 30.0
    """Seconds without a request."""
    request_timeout: float = 30.0
    """Seconds from the beginning of a request to its end."""
    call_timeout: float = 60.0
    """Seconds the Coordinator has for its answer."""
    answer_timeout: float = 30.0
    """Seconds the peer has to take the answer."""
    write_buffer: int = 64 * 1024
    """Bytes waiting for the peer above which no more is read from it."""


@dataclass(frozen=True, slots=True)
class MeshLimits(ConnectionLimits):
    """Limits of the mesh API."""

    max_age: float = 600.0
    """Seconds after which a connection takes no further call."""
    max_message: int = 4 * MEBIBYTE
    """Bytes of a message in either direction; the default of gRPC."""
    max_buffered: int = 64 * MEBIBYTE
    """Bytes of unfinished requests in the whole process, beyond the first window of each."""
    max_concurrent_calls: int = 256
    """Calls at work in the whole process."""
    max_concurrent_streams: int = 4
    """Calls at once on one connection. A Marble makes one."""
    max_streams: int = 100
    """Calls on one connection in its life."""
    max_header_block: int = 16 * 1024
    """Bytes of a header block, compressed and uncompressed."""
    max_continuations: int = 8
    """CONTINUATION frames of one header block."""
    initial_window: int = 32 * 1024
    """Bytes of a request that may be sent before there is room reserved for it."""
    frame_allowance: int = 500
    """Frames that move nothing forward (PING, SETTINGS, empty DATA, ...) a connection may send."""


@dataclass(frozen=True, slots=True)
class ClientLimits(ConnectionLimits):
    """Limits of the client API."""

    max_connections: int = 256
    max_connections_per_address: int = 128
    request_timeout: float = 120.0
    answer_timeout: float = 120.0
    max_body: int = 24 * MEBIBYTE
    """Bytes of a request's body: a manifest of 16 MiB in base64, and what is around it."""
    max_buffered: int = 48 * MEBIBYTE
    """Bytes of bodies in the whole process. Decoding one takes about three times its size."""
    max_request_line: int = 64 * 1024
    """Bytes of the request line: a query may name many secrets."""
    max_header_line: int = 8 * 1024
    """Bytes of one header field."""
    max_headers: int = 64
    """Header fields of a request."""
