"""kill -9 at every write, fsync and rename: the state is the one before or the one after."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from ringtaw_coordinator.core.api import State
from ringtaw_coordinator.state.files import FileStore
from ringtaw_coordinator.state.sealed_key import UnprotectedSealer
from ringtaw_coordinator.state.vault import Vault

from tests.support.crash_driver import COUNTED, LIMITED, SECRET
from tests.support.crashes import crash, named
from tests.support.deployments import RecoveryKey, coordinator_in, manifest, request

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


OWNER = RecoveryKey()
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label=None)


@pytest.fixture
async def lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state that has counted an activation and lost its key; the owner's secret is at hand."""
    directory = tmp_path / "lost"
    async with coordinator_in(directory) as coordinator:
        keys = {"owner": OWNER.public_pem}
        accepted = await coordinator.set_manifest(manifest(marble=LIMITED, RecoveryKeys=keys))
        await coordinator.activate(request())
    secret = OWNER.private.decrypt(accepted.recovery_secrets["owner"], OAEP)
    signature = OWNER.private.sign(secret, padding.PKCS1v15(), hashes.SHA256())
    monkeypatch.setenv(SECRET, f"{secret.hex()} {signature.hex()}")
    (directory / "sealed_key").unlink()
    return directory


@pytest.mark.parametrize(
    ("operation", "counts"), [("recover", {1}), ("recover_and_activate", {1, 2})]
)
async def test_recovery(lost: Path, tmp_path: Path, operation: str, counts: set[int]) -> None:
    """It is done or can be done again, with the same secret."""
    secret, signature = map(bytes.fromhex, os.environ[SECRET].split())
    states, found = set(), set()
    for directory in named(crash(operation, lost, tmp_path / "results")):
        async with coordinator_in(directory) as coordinator:
            states.add(coordinator.status().state)
            if coordinator.status().state is State.RECOVERY:
                assert (await coordinator.recover(secret, signature)).remaining == 0
        found.add(activations(directory))
        async with coordinator_in(directory) as coordinator:
            await coordinator.activate(request())
    assert states == {State.RECOVERY, State.ACCEPTING_MARBLES}
    assert found == counts
    assert activations(directory) == max(counts) + 1
    assert (await outcome(directory))[0] is State.ACCEPTING_MARBLES


async def test_state_that_is_written_anew_amid_changes(running: Path, tmp_path: Path) -> None:
    before = (running / "sealed_data").read_bytes()
    found, rewritten = set(), set()
    for directory in named(crash("activate_often", running, tmp_path / "results")):
        counted = directory / COUNTED
        acknowledged = counted.stat().st_size if counted.exists() else 0
        found.add(activations(directory) - 1)
        assert activations(directory) - 1 in (acknowledged, acknowledged + 1)
        rewritten.add(not (directory / "sealed_data").read_bytes().startswith(before[:100]))
        async with coordinator_in(directory) as coordinator:
            await coordinator.activate(request())
    assert found == {0, 1, 2, 3, 4}
    assert rewritten == {False, True}
