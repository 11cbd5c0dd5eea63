"""A Marble's application: a server with the certificate that the Coordinator gave it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHAIN = "MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"
KEY = "MARBLE_PREDEFINED_PRIVATE_KEY"


@contextmanager
def marble(chain: bytes, key: bytes, directory: Path) -> Iterator[str]:
    """Serve TLS as a Marble does; yields its port."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = directory / "marble.pem"
    file.write_bytes(key + b"\n" + chain)
    tls.load_cert_chain(file)

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with contextlib.suppress(OSError), connection:
                    connection.settimeout(5)
                    tls.wrap_socket(connection, server_side=True).close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield str(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
