"""A load of Marbles: each call is a fresh TLS connection, a P-384 client certificate, one RPC.

The client does as little as it can so that the server is what is measured: one prepared request,
frames of the answer only counted. Runs as a process of its own and prints its latencies as JSON.
"""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import socket
import struct
import sys
import threading
import time
import uuid
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from ringtaw_schemas.mesh.marble_pb2 import ActivationReq

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, GOAWAY, WINDOW_UPDATE = 0, 1, 4, 7, 8
END_STREAM, END_HEADERS = 0x1, 0x4
INITIAL_WINDOW_SIZE: Final = 4
WINDOW: Final = 4 << 20


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Return one HTTP/2 frame (RFC 9113, section 4.1)."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def header(name: bytes, value: bytes) -> bytes:
    """Return one literal header field, not indexed (RFC 7541, section 6.2.2)."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


class Marble:
    """One client identity and its prepared request."""

    def __init__(self, marble_type: str) -> None:
        key = ec.generate_private_key(ec.SECP384R1())
        self.context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        self.context.use_privatekey(key)
        self.context.use_certificate(_certificate(key))
        self.context.set_alpn_protos([b"h2"])
        csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        self._csr = csr.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
        self._type = marble_type
        fields = (
            (b":method", b"POST"),
            (b":scheme", b"https"),
            (b":path", b"/rpc.Marble/Activate"),
            (b":authority", b"localhost"),
            (b"te", b"trailers"),
            (b"content-type", b"application/grpc"),
        )
        self._head = (
            PREFACE
            + frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, WINDOW))
            + frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", WINDOW))
            + frame(HEADERS, END_HEADERS, 1, b"".join(header(*field) for field in fields))
        )

    def activate(self, address: tuple[str, int]) -> int:
        """Activate once with a new UUID; returns the size of the answer in bytes."""
        message = ActivationReq(
            CSR=self._csr, MarbleType=self._type, UUID=str(uuid.uuid4())
        ).SerializeToString()
        body = struct.pack(">BI", 0, len(message)) + message
        with socket.create_connection(address) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = SSL.Connection(self.context, plain)
            connection.set_connect_state()
            connection.do_handshake()
            connection.sendall(self._head + frame(DATA, END_STREAM, 1, body))
            return _read_answer(connection)


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "MarbleRun Marble")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    return builder.add_extension(names, critical=False).sign(key, hashes.SHA256())


def _read_answer(connection: SSL.Connection) -> int:
    """Read frames until the stream ends; an answer without data is a refusal."""
    buffer = b""
    size = 0
    while True:
        while len(buffer) >= 9 and len(buffer) >= (end := 9 + int.from_bytes(buffer[:3])):
            kind, flags, stream = buffer[3], buffer[4], int.from_bytes(buffer[5:9])
            if kind == DATA:
                size += end - 9
            if kind == GOAWAY or (stream == 1 and kind == HEADERS and flags & END_STREAM):
                if not size:
                    raise SystemExit(f"the Coordinator refused: {buffer[9:end]!r}")
                return size
            buffer = buffer[end:]
        buffer += connection.recv(65536)


def run(address: tuple[str, int], marble_type: str, calls: int, clients: int) -> dict[str, object]:
    """Make ``calls`` activations with ``clients`` at a time."""
    marble = Marble(marble_type)
    marble.activate(address)
    latencies: list[float] = []
    sizes: set[int] = set()
    remaining = iter(range(calls))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if next(remaining, None) is None:
                    return
            begin = time.perf_counter()
            sizes.add(marble.activate(address))
            latencies.append(time.perf_counter() - begin)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "latencies": latencies, "bytes": max(sizes)}


def main() -> None:
    """``python -m benchmarks.load HOST PORT TYPE CALLS CLIENTS CPU``."""
    host, port, marble_type, calls, clients, cpu = sys.argv[1:]
    if cpu != "any":
        os.sched_setaffinity(0, {int(cpu)})
    print(json.dumps(run((host, int(port)), marble_type, int(calls), int(clients))))


if __name__ == "__main__":
    main()
