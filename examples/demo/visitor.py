"""The Marble that visits: says hello to the greeter over mutual TLS, then ends."""

from __future__ import annotations

import os
import socket
import ssl
import time

from examples.demo.marble import (
    digest,
    peer_name,
    show_what_we_were_given,
    tell,
    tls_context,
)

PATIENCE_SECONDS = 20


def main() -> None:
    """Visit the greeter and compare the shared secret."""
    show_what_we_were_given()
    context = tls_context(ssl.Purpose.SERVER_AUTH)
    with (
        connect(int(os.environ["DEMO_PORT"])) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(b"hello\n")
        answer = connection.recv(1024).decode().strip()
        tell(f"visitor: {connection.version()} from Marble {peer_name(connection)}: {answer!r}")
    if digest(os.environ["SESSION_KEY"]) not in answer:
        raise SystemExit("the two Marbles do not hold the same session key")
    tell("visitor: both hold the same session key")


def connect(port: int) -> socket.socket:
    """Connect to the greeter, which may still be starting."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    main()
