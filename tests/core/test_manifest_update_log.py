"""What the update log tells of updates of the whole manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ringtaw_coordinator.core.coordinator import Coordinator

from tests.support.deployments import coordinator_in
from tests.support.people import PACKAGES, person, updatable

ALICE, BOB, CAROL, RITA = (person(name).der for name in ("alice", "bob", "carol", "rita"))
ALL = ("alice", "bob", "carol")
BEFORE = updatable(*ALL, env={"A": "before"})
AFTER = updatable(*ALL, env={"A": "after"})
PACKAGE_UPDATE = b'{"Packages": {"frontend": {"SecurityVersion": 9}}}'


@pytest.fixture
async def coordinator(tmp_path: Path) -> AsyncIterator[Coordinator]:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(BEFORE)
        yield coordinator


async def test_the_steps_are_logged(coordinator: Coordinator) -> None:
    await coordinator.submit_update(AFTER, ALICE)
    await coordinator.cancel_update(BOB)
    await coordinator.submit_update(AFTER, ALICE)
    await coordinator.acknowledge_update(AFTER, BOB)
    await coordinator.acknowledge_update(AFTER, CAROL)
    entries = [json.loads(entry) for entry in coordinator.update_log()[1:]]
    keys = ("update", "user", "missingAcknowledgments", "missingUsers")
    assert [tuple(entry.get(key) for key in keys) for entry in entries] == [
        ("Manifest update proposed", "alice", 2, ["bob", "carol"]),
        ("Manifest update cancelled", "bob", None, None),
        ("Manifest update proposed", "alice", 2, ["bob", "carol"]),
        ("Manifest update acknowledged", "bob", 1, ["carol"]),
        ("Manifest update acknowledged", "carol", 0, []),
        ("Manifest update applied", "carol", None, None),
    ]
    assert {e["manifestFingerprint"] for e in entries} == {hashlib.sha256(AFTER).hexdigest()}


async def test_who_is_missing_is_logged_unless_they_are_many(tmp_path: Path) -> None:
    crowd = [f"user{number}" for number in range(102)]
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(updatable(*crowd))
        raw = updatable(*crowd, env={"A": "after"})
        for name in crowd[:2]:
            submit = (
                coordinator.submit_update if name == crowd[0] else coordinator.acknowledge_update
            )
            await submit(raw, person(name).der)
        many, few = (json.loads(entry) for entry in coordinator.update_log()[1:])
        assert "missingUsers" not in many
        assert few["missingUsers"] == crowd[2:]


async def test_the_log_stays_as_it_was_read_and_fits_the_new_manifest(
    coordinator: Coordinator,
) -> None:
    """MarbleRun's clients lay what it says of versions over the manifest in force, in order."""

    async def apply(raw: bytes) -> None:
        await coordinator.submit_update(raw, ALICE)
        for user in (BOB, CAROL):
            await coordinator.acknowledge_update(raw, user)

    def corrected() -> list[tuple[str, int]]:
        entries = map(json.loads, coordinator.update_log())
        name = "SecurityVersion set by the manifest"
        return [(e["package"], e["new version"]) for e in entries if e["update"] == name]

    both = b'{"Packages": {"frontend": {"SecurityVersion": 9}, "backend": {"SecurityVersion": 5}}}'
    await coordinator.submit_update(both, RITA)
    read = coordinator.update_log()
    await apply(AFTER)
    assert coordinator.update_log()[: len(read)] == read
    assert corrected() == [("frontend", 3), ("backend", 0)]
    await apply(BEFORE)
    assert corrected() == [("frontend", 3), ("backend", 0)], "it fits already"
    await coordinator.submit_update(PACKAGE_UPDATE, RITA)
    await apply(updatable(*ALL, Packages={**PACKAGES, "frontend": {"UniqueID": "aa" * 32}}))
    assert corrected() == [("frontend", 3), ("backend", 0)], "it has no version any more"
