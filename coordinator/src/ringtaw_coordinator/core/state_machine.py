"""The state in force, and the one lock under which it changes.

What is read is an immutable snapshot. A change runs in a thread, alone, commits what it has made,
and becomes visible only after it is durable. A caller that goes away does not interrupt a change
that has begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from ringtaw_coordinator.core.api import State, Status, TLSIdentity
from ringtaw_coordinator.core.identities import client_identity, mesh_identity
from ringtaw_coordinator.core.serving import Serving
from ringtaw_coordinator.errors import StateError
from ringtaw_coordinator.state.model import Deployment

MESSAGES: Final = {
    State.RECOVERY: "There is a state, but it cannot be used: {reason}. Recover it, or set a new "
    "manifest, which gives it up.",
    State.ACCEPTING_MANIFEST: "Ready to accept a manifest.",
    State.ACCEPTING_MARBLES: "Running, and ready to accept Marbles.",
}

T = TypeVar("T")

_log = structlog.get_logger("coordinator")


class StateMachine:
    """Holds what is in force; all of it lives in one event loop."""

    def __init__(self, deployment: Deployment, serving: Serving | None, locked: str) -> None:
        """Begin without a manifest if ``serving`` is None.

        Then ``locked`` may say why the state that there is cannot be used, and ``deployment`` is a
        provisional one.
        """
        self._serving = serving
        self._locked = locked
        self._lock = asyncio.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._set_deployment(deployment)

    @property
    def deployment(self) -> Deployment:
        """What is in force, or was made to begin with."""
        return self._deployment

    @property
    def mesh_identity(self) -> TLSIdentity:
        """What the mesh API presents now."""
        return self._mesh_identity

    @property
    def client_identity(self) -> TLSIdentity:
        """What the client API presents now."""
        return self._client_identity

    @property
    def serving(self) -> Serving | None:
        """What Marbles and users are served with; None before a manifest is set."""
        return self._serving

    def on_identity_change(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called whenever either identity has changed."""
        self._listeners.append(listener)

    def status(self) -> Status:
        """Return the state, and a sentence for people."""
        state = State.RECOVERY if self._locked else State.ACCEPTING_MANIFEST
        if self._serving is not None:
            state = State.ACCEPTING_MARBLES
        return Status(state, MESSAGES[state].format(reason=self._locked))

    def accepting(self) -> Serving:
        """Return what Marbles and users are served with.

        Raises:
            StateError: No manifest is set.
        """
        self.require(State.ACCEPTING_MARBLES)
        assert self._serving is not None  # noqa: S101 - this is what that state means
        return self._serving

    def require(self, *states: State) -> None:
        """Return if the state is one of these.

        Raises:
            StateError: It is not; the text is one that clients look for.
        """
        status = self.status()
        if status.state not in states:
            raise StateError(f"server is not in expected state: {status.message}")

    async def change(self, change: Callable[[], tuple[Serving | None, T]]) -> T:
        """Run a change, alone; what it returns to be served is in force when this returns.

        None leaves what is served as it is.

        Raises:
            Exception: What the change raises; it has changed nothing then.
        """
        await self._lock.acquire()

        async def run() -> T:
            try:
                serving, answer = await asyncio.to_thread(change)
                if serving is not None:
                    self._install(serving)
                return answer
            finally:
                self._lock.release()

        self._change_under_way = task = asyncio.create_task(run())  # the loop would forget it
        return await asyncio.shield(task)

    async def advance(self, step: Callable[[Serving], tuple[Serving, T]]) -> T:
        """Run a change from what is served to what is to be served next, as :meth:`change`.

        Raises:
            StateError: No manifest is set.
        """
        return await self.change(lambda: step(self.accepting()))

    async def finish(self, last: Callable[[], None]) -> None:
        """Wait for the change that is under way, and run something after it; no other follows."""
        async with self._lock:
            await asyncio.to_thread(last)

    def _install(self, serving: Serving) -> None:
        before = (self._mesh_identity, self._client_identity)
        self._locked = ""
        self._serving = serving
        self._set_deployment(serving.deployment)
        if (self._mesh_identity, self._client_identity) != before:
            self._tell()

    def _set_deployment(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._mesh_identity = mesh_identity(deployment)
        self._client_identity = client_identity(deployment)

    def _tell(self) -> None:
        for listener in self._listeners:
            try:
                listener()
            except Exception:
                _log.exception("a new identity is not presented")
