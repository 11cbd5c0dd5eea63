"""A store that several processes share: SQLite, to show that the interface suffices."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ringtaw_coordinator.errors import ConflictError, StoreError
from ringtaw_coordinator.state.store import Record, Revision, Stored

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS record (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        revision INTEGER NOT NULL, data BLOB NOT NULL, key BLOB NOT NULL, witness BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS change (number INTEGER PRIMARY KEY AUTOINCREMENT, sealed BLOB);
"""


class SQLiteStore:
    """A record in a database file that any number of processes have open."""

    is_shared = True

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(
            path, timeout=60, isolation_level=None, check_same_thread=False
        )
        weakref.finalize(self, self._database.close)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(_SCHEMA)

    def head(self) -> Revision | None:
        with self._told():
            row = self._database.execute("SELECT revision FROM record").fetchone()
        return str(row[0]) if row else None

    def load(self) -> Stored | None:
        with self._told(), self._transaction("DEFERRED"):
            row = self._database.execute(
                "SELECT revision, data, key, witness FROM record"
            ).fetchone()
            changes = self._database.execute("SELECT sealed FROM change ORDER BY number")
            sealed = tuple(change for (change,) in changes)
        return Stored(Record(row[1], row[2]), str(row[0]), sealed, row[3]) if row else None

    def commit(self, record: Record, expected: Revision | None) -> Revision:
        with self._told(), self._transaction("IMMEDIATE"):
            revision = self._next(expected)
            self._database.execute("DELETE FROM change")
            self._database.execute(
                "INSERT OR REPLACE INTO record VALUES (1, ?, ?, ?, x'')",
                (int(revision), record.sealed_data, record.sealed_key),
            )
        return revision

    def append(self, change: bytes, witness: bytes, expected: Revision) -> Revision:
        with self._told(), self._transaction("IMMEDIATE"):
            revision = self._next(expected)
            self._database.execute("INSERT INTO change (sealed) VALUES (?)", (change,))
            self._database.execute(
                "UPDATE record SET revision = ?, witness = ?", (int(revision), witness)
            )
        return revision

    def clear(self, expected: Revision | None) -> None:
        with self._told(), self._transaction("IMMEDIATE"):
            self._next(expected)
            self._database.execute("DELETE FROM change")
            self._database.execute("DELETE FROM record")

    def close(self) -> None:
        self._database.close()

    def _next(self, expected: Revision | None) -> Revision:
        row = self._database.execute("SELECT revision FROM record").fetchone()
        if (str(row[0]) if row else None) != expected:
            raise ConflictError("the state has been changed in the meantime")
        return str(row[0] + 1 if row else 1)

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        self._database.execute(f"BEGIN {kind}")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"the database: {error}") from error
