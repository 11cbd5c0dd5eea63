"""A store that several Coordinators share gives back what it had before: they notice."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from ringtaw_coordinator.core.api import State
from ringtaw_coordinator.core.attestation import SIMULATION
from ringtaw_coordinator.core.coordinator import Coordinator, open_coordinator
from ringtaw_coordinator.errors import StateError
from ringtaw_coordinator.state.sealed_key import UnprotectedSealer
from ringtaw_coordinator.state.vault import Vault

from tests.support.deployments import NAMES, manifest, request
from tests.support.sqlite_store import SQLiteStore


async def coordinator_on(path: Path) -> Coordinator:
    return await open_coordinator(Vault(SQLiteStore(path), UnprotectedSealer()), SIMULATION, NAMES)


async def test_older_state_is_noticed_by_whoever_has_seen_a_newer_one(tmp_path: Path) -> None:
    path, kept = tmp_path / "state", sqlite3.connect(":memory:")
    one, other = await coordinator_on(path), await coordinator_on(path)
    await one.set_manifest(manifest(marble={"MaxActivations": 9}))
    await one.activate(request())
    with closing(sqlite3.connect(path)) as database:
        database.backup(kept)
    await other.activate(request())
    await one.activate(request())
    with closing(sqlite3.connect(path)) as database:
        kept.backup(database)
    with pytest.raises(StateError, match="older than this Coordinator has seen: 2 changes"):
        await one.activate(request())
    assert one.status().state is State.RECOVERY
    assert "Put the latest state back into the store. To accept" in one.status().message
    kept.close()
    for coordinator in (one, other):
        await coordinator.close()
