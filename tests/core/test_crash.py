"""kill -9 at every write, fsync and rename: the state is the one before or the one after."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringtaw_coordinator.core.api import State
from ringtaw_coordinator.state.files import FileStore
from ringtaw_coordinator.state.sealed_key import UnprotectedSealer
from ringtaw_coordinator.state.vault import Vault

from tests.support.crash_driver import LIMITED
from tests.support.crashes import crash, named
from tests.support.deployments import coordinator_in, manifest, request

BEFORE = manifest(marble=LIMITED, env={"A": "before"})
AFTER = manifest(marble=LIMITED, env={"A": "after"})


async def outcome(directory: Path) -> tuple[State, bytes]:
    async with coordinator_in(directory) as coordinator:
        return coordinator.status().state, coordinator.manifest().raw


def activations(directory: Path) -> int:
    store = FileStore(directory)
    deployment = Vault(store, UnprotectedSealer()).open().deployment
    store.close()
    assert deployment is not None
    return deployment.activations.get("frontend", 0)


@pytest.fixture
async def running(tmp_path: Path) -> Path:
    """The state of a Coordinator that has a manifest and has activated a Marble."""
    directory = tmp_path / "running"
    async with coordinator_in(directory) as coordinator:
        await coordinator.set_manifest(BEFORE)
        await coordinator.activate(request())
    return directory


async def test_first_manifest(tmp_path: Path) -> None:
    found = []
    for directory in named(crash("set_manifest", tmp_path / "new", tmp_path / "results")):
        found.append(await outcome(directory))
        assert found[-1] in [
            (State.ACCEPTING_MANIFEST, b""),
            (State.ACCEPTING_MARBLES, AFTER),
        ]
        async with coordinator_in(directory) as coordinator:  # and nothing is in the way
            if coordinator.status().state is State.ACCEPTING_MANIFEST:
                await coordinator.set_manifest(BEFORE)
            await coordinator.activate(request())
        assert activations(directory) == 1
    assert found[-1] == (State.ACCEPTING_MARBLES, AFTER)
    assert (State.ACCEPTING_MANIFEST, b"") in found
    assert (State.ACCEPTING_MARBLES, AFTER) in found[:-1]


async def test_counted_activation(running: Path, tmp_path: Path) -> None:
    found = []
    for directory in named(crash("activate", running, tmp_path / "results")):
        assert await outcome(directory) == (State.ACCEPTING_MARBLES, BEFORE)
        found.append(activations(directory))
        async with coordinator_in(directory) as coordinator:
            await coordinator.activate(request())
        assert activations(directory) == found[-1] + 1
    assert set(found) == {1, 2}
    assert found[-1] == 2


async def test_new_manifest_instead_of_recovery(running: Path, tmp_path: Path) -> None:
    (running / "sealed_key").unlink()
    before = (running / "sealed_data").read_bytes()
    found = []
    for directory in named(crash("set_manifest", running, tmp_path / "results")):
        found.append(await outcome(directory))
        assert found[-1] in [(State.RECOVERY, b""), (State.ACCEPTING_MARBLES, AFTER)]
        if found[-1][0] is State.RECOVERY:
            assert (directory / "sealed_data").read_bytes() == before
    assert found[-1] == (State.ACCEPTING_MARBLES, AFTER)
    assert (State.RECOVERY, b"") in found


async def test_giving_up_the_state_for_one_that_is_not_kept(running: Path, tmp_path: Path) -> None:
    (running / "sealed_key").write_bytes(b"of another host")
    found = []
    directories = crash("start_anew_without_sealing", running, tmp_path / "results")
    for directory in named(directories):
        found.append(await outcome(directory))
        assert found[-1] in [(State.RECOVERY, b""), (State.ACCEPTING_MANIFEST, b"")]
    assert found[-1] == (State.ACCEPTING_MANIFEST, b"")
    assert (State.RECOVERY, b"") in found
