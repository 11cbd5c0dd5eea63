"""What a store of sealed state has to do: transactions with compare-and-swap.

A store sees only sealed state: the core encrypts before and decrypts after. It keeps one record
and the changes made since, so that a small change costs little however large the state is. The
store in a directory is :class:`ringtaw_coordinator.state.files.FileStore`; others, in a database
that several Coordinators share, implement the same protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

Revision = str
"""Names one version of what is stored; only the store knows how."""


@dataclass(frozen=True, slots=True)
class Record:
    """The two parts of a sealed state.

    ``sealed_data`` is a full backup for the owners of the recovery keys. ``sealed_key`` lets the
    Coordinator in by itself, and only into this very ``sealed_data``; b"" when it is missing.
    """

    sealed_data: bytes
    sealed_key: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """A record and the changes made since, with the revision of it all."""

    record: Record
    revision: Revision
    changes: tuple[bytes, ...] = ()
    """Sealed, in the order in which they were made."""
    witness: bytes = b""
    """What came with the last change, b"" if there was none; kept beside the sealed key."""
    damage: str = ""
    """Why not all changes could be read; empty if they could."""


class Store(Protocol):
    """Keeps one record. Calls may block; they may come from any thread, one at a time."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes may change what is stored while this one has it open."""
        ...

    def head(self) -> Revision | None:
        """Return the revision that is stored now, None if nothing is; cheap.

        Raises:
            StoreError: It cannot be read.
        """
        ...

    def load(self) -> Stored | None:
        """Return the record that was committed last, None if there is none.

        Raises:
            StoreError: It cannot be read.
        """
        ...

    def commit(self, record: Record, expected: Revision | None) -> Revision:
        """Put ``record`` in the place of revision ``expected`` (None: of nothing), durably.

        The changes that were appended to the old record are gone with it.

        When this returns, the record survives the loss of power; until then, either the old record
        is there or the new one.

        Raises:
            ConflictError: The revision is no longer ``expected``.
            StoreError: The change could not be made durable.
        """
        ...

    def append(self, change: bytes, witness: bytes, expected: Revision) -> Revision:
        """Add a change to those of revision ``expected``, durably, then its witness.

        The witness (at most 100 bytes of printable ASCII) takes the place of the one before. It is
        never durable before its change is; a crash may leave a change without its witness.

        Raises:
            ConflictError: The revision is no longer ``expected``.
            StoreError: The change could not be made durable.
        """
        ...

    def clear(self, expected: Revision | None) -> None:
        """Remove the record of revision ``expected``, durably.

        Raises:
            ConflictError: The revision is no longer ``expected``.
            StoreError: The change could not be made durable.
        """
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...
