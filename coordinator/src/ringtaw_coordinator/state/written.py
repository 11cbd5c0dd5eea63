"""What a store holds of a deployment, as its vault sees it: a state, and changes to it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from ringtaw_coordinator.state import codec, sealed_data
from ringtaw_coordinator.state.anchor import Mark
from ringtaw_coordinator.state.changes import Replay
from ringtaw_coordinator.state.journal import Journal, Position
from ringtaw_coordinator.state.model import Deployment
from ringtaw_coordinator.state.sealed_data import UnsealError
from ringtaw_coordinator.state.store import Stored

MIN_CHANGES: Final = 1 << 20
MAX_CHANGES: Final = 16 << 20
"""Bytes of changes behind a state before it is written anew: as many as the state has, within these
limits. Starting takes time for each."""


@dataclass(slots=True)
class Written:
    """A deployment in a store."""

    deployment: Deployment
    """After all changes."""
    journal: Journal
    before: Position
    """Of the last change."""
    position: Position
    """Of the next change."""
    bytes_left: int
    """That changes may take before the state is written anew."""

    @classmethod
    def anew(cls, deployment: Deployment, dek: bytes, data: bytes) -> Written:
        """Return what is there when a deployment has been written as a whole."""
        digest = sealed_data.digest(data)
        start = Position.start(digest)
        return cls(deployment, Journal(dek, digest), start, start, _room_for_changes(data))

    @classmethod
    def read(cls, stored: Stored, dek: bytes) -> Written:
        """Unseal the state and every change.

        Raises:
            UnsealError: The key is not the right one, or something is damaged.
            ValueError: It was written by another version.
        """
        if stored.damage:
            raise UnsealError(stored.damage)
        data = stored.record.sealed_data
        digest = sealed_data.digest(data)
        replay = Replay(codec.decode(sealed_data.unseal(data, dek)))
        journal, before = Journal(dek, digest), Position.start(digest)
        position = before
        for change in stored.changes:
            replay.apply(journal.open(change, position))
            before, position = position, position.after(change)
        left = _room_for_changes(data) - sum(map(len, stored.changes))
        return cls(replay.result(), journal, before, position, left)

    @property
    def mark(self) -> Mark:
        """What an anchor remembers of it."""
        return mark_of(self.deployment, self.position.head)


def mark_of(deployment: Deployment, head: bytes) -> Mark:
    """Return what an anchor remembers of a deployment whose last change is ``head``."""
    root = hashlib.sha256(deployment.root.certificate).hexdigest()
    return Mark(root, deployment.generation, head.hex())


def _room_for_changes(data: bytes) -> int:
    return min(max(len(data), MIN_CHANGES), MAX_CHANGES)
