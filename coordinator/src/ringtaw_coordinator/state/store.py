"""What a store of sealed state has to do: transactions with compare-and-swap.

A store sees only sealed state: the core encrypts before and decrypts after. The store in a
directory is :class:`ringtaw_coordinator.state.files.FileStore`.
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
    """A record with its revision."""

    record: Record
    revision: Revision


class Store(Protocol):
    """Keeps one record. Calls may block; they may come from any thread, one at a time."""

    def load(self) -> Stored | None:
        """Return the record that was committed last, None if there is none.

        Raises:
            StoreError: It cannot be read.
        """
        ...

    def commit(self, record: Record, expected: Revision | None) -> Revision:
        """Put ``record`` in the place of revision ``expected`` (None: of nothing), durably.

        When this returns, the record survives the loss of power; until then, either the old record
        is there or the new one.

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
