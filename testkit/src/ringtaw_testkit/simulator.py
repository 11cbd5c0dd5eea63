"""A Coordinator for tests of Marbles: the real mesh server with a script in place of the core.

    with CoordinatorSimulator() as coordinator:
        coordinator.refuse(VerificationError("unknown package"))
        ...  # a Marble connects to coordinator.address
        assert coordinator.requests[0].marble_type == "frontend"

It runs in a thread of its own, so that the Marble may be anything, also another process. What a
hostile Coordinator could do are methods as well: :meth:`~CoordinatorSimulator.answer_bytes`,
:meth:`~CoordinatorSimulator.answer_cut_short`, :meth:`~CoordinatorSimulator.fail_with`,
:meth:`~CoordinatorSimulator.present`, :meth:`~CoordinatorSimulator.hanging_up`, and
:meth:`~CoordinatorSimulator.admit` with files, variables and arguments that no honest one has.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Final, Self, cast

from ringtaw_coordinator.core.api import (
    ActivationRequest,
    Activator,
    MarbleParameters,
    TLSIdentity,
)
from ringtaw_coordinator.errors import CoordinatorError
from ringtaw_coordinator.server.limits import MeshLimits
from ringtaw_coordinator.server.mesh.headers import TABLE_SIZE_ZERO, encode
from ringtaw_coordinator.server.mesh.rpc import CONTENT_TYPE, success
from ringtaw_coordinator.server.mesh.server import MeshServer
from ringtaw_coordinator.server.mesh.service import MarbleService
from ringtaw_coordinator.server.mesh.stream import Reply
from ringtaw_schemas.mesh import marble_pb2

from ringtaw_testkit.identities import Certified, marble_root
from ringtaw_testkit.peers import HOST, PATIENCE, cut_off

__all__ = ["HOST", "NOTHING", "CoordinatorSimulator", "MarbleParameters", "parameters"]

NOTHING: Final = MarbleParameters(files={}, env={}, argv=())
_NEVER: Final = 3600.0


def parameters(
    *argv: str, files: Mapping[str, bytes] | None = None, env: Mapping[str, bytes] | None = None
) -> MarbleParameters:
    """Return what a Coordinator gives: ``parameters("/app", files={"key": b"secret"})``."""
    return MarbleParameters(files or {}, env or {}, argv)


@dataclass(frozen=True, slots=True)
class _Step:
    """What happens to one activation; ``instead`` is sent in place of a proper answer."""

    outcome: MarbleParameters | Exception
    delay: float = 0.0
    instead: Reply | None = None


class _ScriptedActivator:
    """Answers each activation with the next step; the last one stays."""

    def __init__(self) -> None:
        self.requests: list[ActivationRequest] = []
        self.steps = [_Step(NOTHING)]
        self.changed = threading.Condition()
        self.instead: dict[ActivationRequest, Reply] = {}

    async def activate(self, request: ActivationRequest) -> MarbleParameters:
        with self.changed:
            self.requests.append(request)
            step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
            self.changed.notify_all()
        await asyncio.sleep(step.delay)
        if step.instead:
            self.instead[request] = step.instead
        if isinstance(step.outcome, Exception):
            raise step.outcome
        return step.outcome


class _Service(MarbleService):
    """The production service, but for answers that the script wants sent as they are."""

    def __init__(self, activator: Activator, limits: MeshLimits) -> None:
        super().__init__(activator, limits)
        self._script = cast(_ScriptedActivator, activator)

    async def activate(self, request: ActivationRequest) -> Reply:
        reply = await super().activate(request)
        return self._script.instead.pop(request, reply)


class _Server(MeshServer):
    service_class: ClassVar[type[MarbleService]] = _Service


class CoordinatorSimulator:
    """A Coordinator that does what the test says, on the loopback interface.

    Without a word it admits every Marble and gives it nothing. :meth:`admit`, :meth:`refuse`,
    :meth:`break_down`, :meth:`hang` and the attacks say what happens from now on;
    :meth:`then_admit` adds what happens after one more activation. ``chain`` (DER) is presented
    behind ``root``, ``port`` 0 is any free one. Limits beyond the production ones make it send
    what a Marble must not accept.
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
        assert came, f"{len(self.requests)} of {count} Marbles came"  # noqa: S101 - for tests
        return self.requests

    def admit(self, parameters: MarbleParameters = NOTHING, *, delay: float = 0.0) -> None:
        """Give every Marble ``parameters``, after ``delay`` seconds."""
        self._play(_Step(parameters, delay))

    def refuse(self, error: CoordinatorError) -> None:
        """Refuse every Marble as the real Coordinator would for this reason."""
        self._play(_Step(error))

    def break_down(self) -> None:
        """Fail at every activation in a way nobody foresaw."""
        self._play(_Step(RuntimeError("nobody foresaw this")))

    def hang(self) -> None:
        """Answer no activation."""
        self._play(_Step(NOTHING, delay=_NEVER))

    def then_admit(self, parameters: MarbleParameters = NOTHING) -> None:
        """After one more activation, admit."""
        with self._activator.changed:
            self._activator.steps.append(_Step(parameters))

    def fail_with(self, code: int, details: str = "") -> None:
        """Attack: end every activation with any gRPC status code, also one nobody knows."""
        status = [("grpc-status", str(code)), ("grpc-message", details)]
        fields = [(":status", "200"), ("content-type", CONTENT_TYPE), *status]
        self._play(_Step(NOTHING, instead=Reply(TABLE_SIZE_ZERO + encode(fields))))

    def answer_bytes(self, message: bytes) -> None:
        """Attack: answer with a message that need be none of the mesh API's."""
        self._play(_Step(NOTHING, instead=success(message)))

    def answer_cut_short(self, parameters: MarbleParameters) -> None:
        """Attack: send half of a proper answer, and say that this is all."""
        whole = success(_encoded(parameters))
        half = Reply(whole.headers, whole.body[: len(whole.body) // 2], whole.trailers)
        self._play(_Step(NOTHING, instead=half))

    def present(self, root: Certified) -> None:
        """Attack: present another certificate on every connection from now on."""

        async def swap() -> None:
            self._server.set_identity(root.identity)

        asyncio.run_coroutine_threadsafe(swap(), self._loop).result(PATIENCE)
        self.root = root

    @contextmanager
    def hanging_up(self, after: int) -> Iterator[str]:
        """Attack: yield an address that hangs up after so many bytes of what comes back."""
        with cut_off(self.port, after) as port:
            yield f"{HOST}:{port}"

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
        self._server = _Server(self._activator, *self._arguments)
        _, self.port = await self._server.start(HOST, self.port)

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _play(self, step: _Step) -> None:
        with self._activator.changed:
            self._activator.steps = [step]


def _encoded(parameters: MarbleParameters) -> bytes:
    response = marble_pb2.ActivationResp()
    response.Parameters.Files.update(parameters.files)
    response.Parameters.Env.update(parameters.env)
    response.Parameters.Argv.extend(parameters.argv)
    return response.SerializeToString()
