"""The Marble that serves: greets one visitor over mutual TLS, then ends."""

from __future__ import annotations

import os
import socket
import ssl
from pathlib import Path

from examples.demo.marble import (
    digest,
    peer_name,
    show_what_we_were_given,
    tell,
    tls_context,
)


def main() -> None:
    """Serve one connection on a free port, which the file ``ready`` tells."""
    show_what_we_were_given()
    context = tls_context(ssl.Purpose.CLIENT_AUTH)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        context.wrap_socket(listener, server_side=True) as tls_listener,
    ):
        file = Path("port")
        file.write_text(str(tls_listener.getsockname()[1]))
        file.rename("ready")  # complete from the moment it is there
        connection, _ = tls_listener.accept()
        with connection:
            greet(connection)


def greet(connection: ssl.SSLSocket) -> None:
    """Answer the visitor's line with the greeting and what we know of the shared key."""
    line = connection.recv(1024).decode().strip()
    tell(f"greeter: {connection.version()} from Marble {peer_name(connection)}: {line!r}")
    answer = f"{os.environ['GREETING']}; my session key is {digest(os.environ['SESSION_KEY'])}"
    connection.sendall(f"{answer}\n".encode())


if __name__ == "__main__":
    main()
