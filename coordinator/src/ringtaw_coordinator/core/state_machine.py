"""The state in force, and the one lock under which it changes.

What is read is an immutable snapshot. A change runs in a thread, alone, commits what it has made,
and becomes visible only after it is durable. A caller that goes away does not interrupt a change
that has begun.

Where several Coordinators share a store, each catches up with it before it changes something, and
makes the change again if another one was faster: a change is a function of what it begins with.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from ringtaw_coordinator.core.api import State, Status, TLSIdentity
from ringtaw_coordinator.core.identities import client_identity, mesh_identity
from ringtaw_coordinator.core.loading import Loaded, load
from ringtaw_coordinator.core.serving import Serving
from ringtaw_coordinator.errors import ConflictError, StateError
from ringtaw_coordinator.state.model import Deployment
from ringtaw_coordinator.state.recovery_run import RecoveryRun
from ringtaw_coordinator.state.vault import Vault

MESSAGES: Final = {
    State.RECOVERY: "The state cannot be used: {reason}. {remedy} A new manifest gives it up.",
    State.ACCEPTING_MANIFEST: "Ready to accept a manifest.",
    State.ACCEPTING_MARBLES: "Running, and ready to accept Marbles.",
}

RECOVERABLE: Final = (
    "Recover it (recovery secrets needed: {needed}, handed in since the last start: {accepted})."
)
NOT_RECOVERABLE: Final = (
    "There is no recovery for it, since it has no recovery keys or is damaged: put back a copy of "
    "it that can be used."
)

MAX_ATTEMPTS: Final = 50
"""At one change, where others that share the store are faster each time."""
PAUSE: Final = 0.02
"""Seconds, at most, before another attempt."""

T = TypeVar("T")

_log = structlog.get_logger("coordinator")


class StateMachine:
    """Holds what is in force; all of it lives in one event loop."""

    def __init__(self, vault: Vault, provisional: Deployment, loaded: Loaded) -> None:
        """Begin with what the vault held; without a manifest there is a provisional deployment."""
        self._vault = vault
        self._provisional = provisional
        self._lock = asyncio.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._set(loaded)

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
        return Status(state, MESSAGES[state].format(reason=self._locked, remedy=self._advice()))

    def _advice(self) -> str:
        """Return what to do about a state that is locked."""
        run = self._recovery
        if run is not None:
            return RECOVERABLE.format(needed=run.needed, accepted=run.accepted)
        return self._remedy or NOT_RECOVERABLE

    def accepting(self) -> Serving:
        """Return what Marbles and users are served with.

        Raises:
            StateError: No manifest is set.
        """
        self.require(State.ACCEPTING_MARBLES)
        assert self._serving is not None  # noqa: S101 - this is what that state means
        return self._serving

    def recovering(self) -> RecoveryRun:
        """Return the way into a state that is locked.

        Raises:
            StateError: It is not locked, or there is none.
        """
        self.require(State.RECOVERY)
        if self._recovery is None:
            raise self._unexpected_state()
        return self._recovery

    def require(self, *states: State) -> None:
        """Return if the state is one of these.

        Raises:
            StateError: It is not; the text is one that clients look for.
        """
        if self.status().state not in states:
            raise self._unexpected_state()

    def _unexpected_state(self) -> StateError:
        return StateError(f"server is not in expected state: {self.status().message}")

    async def change(self, change: Callable[[], tuple[Serving | None, T]]) -> T:
        """Run a change, alone; what it returns to be served is in force when this returns.

        None leaves what is served as it is.

        Raises:
            Exception: What the change raises; it has changed nothing then.
        """
        await self._lock.acquire()

        async def run() -> T:
            try:
                return await self._attempt(change)
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

    async def refresh(self) -> None:
        """Catch up with others that share the store.

        Raises:
            StoreError: The store cannot be read.
        """
        if self._vault.is_shared and not await asyncio.to_thread(self._vault.is_current):
            async with self._lock:
                await self._catch_up()

    async def finish(self, last: Callable[[], None]) -> None:
        """Wait for the change that is under way, and run something after it; no other follows."""
        async with self._lock:
            await asyncio.to_thread(last)

    async def _attempt(self, change: Callable[[], tuple[Serving | None, T]]) -> T:
        for attempt in range(MAX_ATTEMPTS):
            await self._catch_up()
            try:
                serving, answer = await asyncio.to_thread(change)
            except ConflictError:
                if attempt == MAX_ATTEMPTS - 1 or not self._vault.is_shared:
                    raise
                await asyncio.sleep(random.uniform(0, PAUSE))  # noqa: S311 - no secret
                continue
            if serving is not None:
                self._install(Loaded(serving))
            return answer
        raise AssertionError

    async def _catch_up(self) -> None:
        if self._vault.is_shared and not await asyncio.to_thread(self._vault.is_current):
            self._install(await asyncio.to_thread(load, self._vault))

    def _install(self, loaded: Loaded) -> None:
        before = (self._mesh_identity, self._client_identity)
        self._set(loaded)
        if (self._mesh_identity, self._client_identity) != before:
            self._tell()

    def _set(self, loaded: Loaded) -> None:
        self._serving, self._locked = loaded.serving, loaded.locked
        self._remedy, self._recovery = loaded.remedy, loaded.recovery
        deployment = loaded.serving.deployment if loaded.serving else self._provisional
        self._deployment = deployment
        self._mesh_identity = mesh_identity(deployment)
        self._client_identity = client_identity(deployment)

    def _tell(self) -> None:
        for listener in self._listeners:
            try:
                listener()
            except Exception:
                _log.exception("a new identity is not presented")
