"""Load on the client API, in a process of its own so that it has a processor of its own."""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Final

LENGTH: Final = b"content-length: "
LAST_CHUNK: Final = b"\r\n0\r\n\r\n"
READ: Final = 1 << 18


class Client:
    """Asks for one path, on one connection or on a new one each time."""

    def __init__(self, address: tuple[str, int], path: str, user: Path, *, keep: bool) -> None:
        self._address = address
        self._keep = keep
        self._connection: ssl.SSLSocket | None = None
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self._context.load_cert_chain(user)
        line = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
        self._request = line.encode()

    def ask(self) -> int:
        """Return the size of the answer, which must be a success."""
        connection = self._connection or self._connect()
        connection.sendall(self._request)
        head, _, body = connection.recv(READ).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"the Coordinator refused: {body!r}")
        while not _is_complete(head, body):
            body += connection.recv(READ)
        if self._keep:
            self._connection = connection
        else:
            connection.close()
        return len(body)

    def _connect(self) -> ssl.SSLSocket:
        plain = socket.create_connection(self._address)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._context.wrap_socket(plain)


def _is_complete(head: bytes, body: bytes) -> bool:
    """Whether the answer is there; one without a length comes in chunks."""
    lower = head.lower()
    start = lower.find(LENGTH)
    if start < 0:
        return body.endswith(LAST_CHUNK)
    return len(body) >= int(lower[start + len(LENGTH) :].split(b"\r\n", 1)[0])


def run(
    address: tuple[str, int], path: str, user: Path, calls: int, clients: int, *, keep: bool
) -> dict[str, object]:
    """Make ``calls`` requests with ``clients`` at a time."""
    latencies: list[float] = []
    sizes: set[int] = set()
    remaining = iter(range(calls))
    lock = threading.Lock()

    def work() -> None:
        client = Client(address, path, user, keep=keep)
        while True:
            with lock:
                if next(remaining, None) is None:
                    return
            begin = time.perf_counter()
            sizes.add(client.ask())
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
    """``python -m benchmarks.client_load HOST PORT PATH USER CALLS CLIENTS CPU keep|new``."""
    host, port, path, user, calls, clients, cpu, connections = sys.argv[1:]
    if cpu != "any":
        os.sched_setaffinity(0, {int(cpu)})
    address = (host, int(port))
    keep = connections == "keep"
    print(json.dumps(run(address, path, Path(user), int(calls), int(clients), keep=keep)))


if __name__ == "__main__":
    main()
