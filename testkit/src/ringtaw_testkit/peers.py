"""Peers that are no Coordinator, and networks that break: what a Marble may meet outside.

:class:`ScriptedServer` says whatever a function makes it say; :func:`cut_off` is a connection that
ends in the middle.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Self

from ringtaw_testkit.identities import Certified

HOST: Final = "127.0.0.1"
PATIENCE: Final = 10.0
"""Seconds that anything here is waited for."""


class ScriptedServer:
    """A TCP server that is no Coordinator: ``script`` is called with each connection in turn.

    With ``root`` it speaks TLS first, and ``script`` gets an :class:`ssl.SSLSocket`. Errors of the
    connection end the script quietly: the peer's opinion is what the test looks at.
    """

    def __init__(
        self, script: Callable[[socket.socket], None], root: Certified | None = None
    ) -> None:
        self._script = script
        self._context = _server_context(root) if root else None
        self._socket = socket.create_server((HOST, 0))
        self.port: int = self._socket.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(connection)
            with connection, contextlib.suppress(OSError):
                if self._context is None:
                    self._script(connection)
                    continue
                with self._context.wrap_socket(connection, server_side=True) as secured:
                    self._open.append(secured)
                    self._script(secured)


def _server_context(root: Certified) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2"])
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "identity.pem")
        file.write_bytes(root.key_pem + root.pem)
        context.load_cert_chain(file)
    return context


@contextlib.contextmanager
def cut_off(port: int, after: int) -> Iterator[int]:
    """Forward connections to ``port``, and cut each after so many bytes of what comes back.

    Yields the port to connect to instead.
    """

    def forward(client: socket.socket) -> None:
        with socket.create_connection((HOST, port)) as upstream:
            pump = threading.Thread(target=_copy, args=(client, upstream), daemon=True)
            pump.start()
            left = after
            while left and (data := upstream.recv(min(left, 65536))):
                client.sendall(data)
                left -= len(data)
            for end in (client, upstream):
                end.shutdown(socket.SHUT_RDWR)
            pump.join(PATIENCE)

    with ScriptedServer(forward) as proxy:
        yield proxy.port


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
