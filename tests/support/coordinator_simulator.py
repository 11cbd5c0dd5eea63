"""A Coordinator for tests of Marbles: the real mesh server with a script in place of the core.

    with CoordinatorSimulator() as coordinator:
        coordinator.refuse(VerificationError("unknown package"))
        ...  # a Marble connects to coordinator.address
        assert coordinator.requests[0].marble_type == "frontend"

It runs in a thread of its own, so that the Marble may be anything, also another process.
:func:`cut_off` and :class:`ScriptedServer` are for networks and peers that do worse.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ringtaw_coordinator.core.api import ActivationRequest, MarbleParameters, TLSIdentity
from ringtaw_coordinator.errors import CoordinatorError
from ringtaw_coordinator.server.limits import MeshLimits
from ringtaw_coordinator.server.mesh.server import MeshServer

from tests.support.identities import Certified, marble_root

NOTHING = MarbleParameters(files={}, env={}, argv=())
HOST = "127.0.0.1"
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class _Step:
    """What happens to one activation."""

    outcome: MarbleParameters | Exception
    delay: float = 0.0


class _ScriptedActivator:
    """Answers each activation with the next step; the last one stays."""

    def __init__(self) -> None:
        self.requests: list[ActivationRequest] = []
        self.steps = [_Step(NOTHING)]
        self.changed = threading.Condition()

    async def activate(self, request: ActivationRequest) -> MarbleParameters:
        with self.changed:
            self.requests.append(request)
            step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
            self.changed.notify_all()
        await asyncio.sleep(step.delay)
        if isinstance(step.outcome, Exception):
            raise step.outcome
        return step.outcome


class CoordinatorSimulator:
    """A Coordinator that does what the test says, on the loopback interface.

    Without a word it admits every Marble and gives it nothing. :meth:`admit`, :meth:`refuse`,
    :meth:`break_down` and :meth:`hang` say what happens from now on; :meth:`then_admit` adds what
    happens after one more activation. ``chain`` (DER) is presented behind ``root``, ``port`` 0 is
    any free one. Limits beyond the production ones make it send what a Marble must not accept.
    """

    def __init__(
        self,
        root: Certified | None = None,
        *,
        chain: tuple[bytes, ...] = (),
        port: int = 0,
        limits: MeshLimits | None = None,
    ) -> None:
        self.root = root or marble_root()
        self.port = port
        identity = TLSIdentity((self.root.der, *chain), self.root.identity.private_key)
        self._activator = _ScriptedActivator()
        self._arguments = (identity, limits)
        self._server: MeshServer
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread

    @property
    def address(self) -> str:
        """``host:port`` of the mesh API."""
        return f"{HOST}:{self.port}"

    @property
    def requests(self) -> list[ActivationRequest]:
        """What Marbles have sent so far."""
        return self._activator.requests

    def wait_for_requests(self, count: int = 1) -> list[ActivationRequest]:
        """Return the requests as soon as there are ``count``."""
        with self._activator.changed:
            came = self._activator.changed.wait_for(lambda: len(self.requests) >= count, PATIENCE)
        assert came, f"{len(self.requests)} of {count} Marbles came"
        return self.requests

    def admit(self, parameters: MarbleParameters = NOTHING, *, delay: float = 0.0) -> None:
        """Give every Marble ``parameters``, after ``delay`` seconds."""
        self._play(_Step(parameters, delay))

    def refuse(self, error: CoordinatorError) -> None:
        """Refuse every Marble."""
        self._play(_Step(error))

    def break_down(self) -> None:
        """Fail at every activation in a way nobody foresaw."""
        self._play(_Step(RuntimeError("nobody foresaw this")))

    def hang(self) -> None:
        """Answer no activation."""
        self._play(_Step(NOTHING, delay=3600.0))

    def then_admit(self, parameters: MarbleParameters = NOTHING) -> None:
        """After one more activation, admit."""
        with self._activator.changed:
            self._activator.steps.append(_Step(parameters))

    def present(self, root: Certified) -> None:
        """Present another certificate on every connection from now on."""

        async def swap() -> None:
            self._server.set_identity(root.identity)

        asyncio.run_coroutine_threadsafe(swap(), self._loop).result(PATIENCE)
        self.root = root

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(PATIENCE)
        except BaseException:
            self._end_loop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        stopping = self._server.stop(grace=0.0)
        asyncio.run_coroutine_threadsafe(stopping, self._loop).result(PATIENCE)
        self._end_loop()

    async def _start(self) -> None:
        self._server = MeshServer(self._activator, *self._arguments)
        _, self.port = await self._server.start(HOST, self.port)

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _play(self, step: _Step) -> None:
        with self._activator.changed:
            self._activator.steps = [step]


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
