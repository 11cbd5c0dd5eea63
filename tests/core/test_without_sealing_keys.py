"""A Coordinator whose platform has no sealing keys: who opens its state after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from ringtaw_coordinator.core.api import State
from ringtaw_coordinator.core.attestation import SIMULATION
from ringtaw_coordinator.core.coordinator import Coordinator, open_coordinator
from ringtaw_coordinator.errors import ManifestError, NoPendingUpdateError, VerificationError
from ringtaw_coordinator.state.sealed_key import OwnersSealer, UnprotectedSealer
from ringtaw_coordinator.state.vault import Vault

from tests.support.deployments import NAMES, RecoveryKey, coordinator_in, manifest, request
from tests.support.people import person, updatable
from tests.support.sqlite_store import SQLiteStore

OWNER = RecoveryKey()
OWNERS = {"owner": OWNER.public_pem}
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label=None)
ALICE = person("alice").der


def without_keys() -> OwnersSealer:
    return OwnersSealer("this platform has no sealing key")


async def recover(coordinator: Coordinator, encrypted: bytes) -> None:
    secret = OWNER.private.decrypt(encrypted, OAEP)
    signature = OWNER.private.sign(secret, padding.PKCS1v15(), hashes.SHA256())
    assert (await coordinator.recover(secret, signature)).remaining == 0


async def test_each_restart_needs_the_owners(tmp_path: Path) -> None:
    raw = manifest(marble={"MaxActivations": 9}, RecoveryKeys=OWNERS)
    async with coordinator_in(tmp_path, sealer=without_keys()) as coordinator:
        accepted = await coordinator.set_manifest(raw)
        assert accepted.warnings[-1].startswith("/Config/SealMode: after each restart the owners")
        await coordinator.activate(request())
    for _ in range(2):
        async with coordinator_in(tmp_path, sealer=without_keys()) as coordinator:
            assert coordinator.status().state is State.RECOVERY
            assert "this platform has no sealing key" in coordinator.status().message
            await recover(coordinator, accepted.recovery_secrets["owner"])
            assert coordinator.manifest().raw == raw
            await coordinator.activate(request())


@pytest.mark.parametrize("mode", ["ProductKey", "UniqueKey"])
async def test_no_state_that_nobody_could_open(mode: str, tmp_path: Path) -> None:
    async with coordinator_in(tmp_path, sealer=without_keys()) as coordinator:
        with pytest.raises(ManifestError) as caught:
            await coordinator.set_manifest(manifest(Config={"SealMode": mode}))
        (problem,) = caught.value.problems
        assert problem.pointer == "/RecoveryKeys"
        assert "this platform has no sealing key" in problem.message
        assert coordinator.status().state is State.ACCEPTING_MANIFEST
        accepted = await coordinator.set_manifest(manifest(Config={"SealMode": "Disabled"}))
        assert accepted.warnings == ()


async def test_nor_by_an_update(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path, sealer=without_keys()) as coordinator:
        await coordinator.set_manifest(updatable("alice", "bob", RecoveryKeys=OWNERS))
        with pytest.raises(ManifestError, match="without recovery keys nobody could open"):
            await coordinator.submit_update(updatable("alice", "bob"), ALICE)
        with pytest.raises(NoPendingUpdateError):
            coordinator.pending_update()
        kept = updatable("alice", "bob", RecoveryKeys=OWNERS, Config={"SealMode": "UniqueKey"})
        progress = await coordinator.submit_update(kept, ALICE)
        assert any("after each restart" in warning for warning in progress.warnings)


async def test_what_a_simulation_left_is_not_believed(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path, sealer=UnprotectedSealer()) as coordinator:
        accepted = await coordinator.set_manifest(manifest(RecoveryKeys=OWNERS))
    async with coordinator_in(tmp_path, sealer=without_keys()) as coordinator:
        assert coordinator.status().state is State.RECOVERY
        assert "made elsewhere" in coordinator.status().message
        await recover(coordinator, accepted.recovery_secrets["owner"])


async def test_whoever_has_the_key_keeps_up_with_others(tmp_path: Path) -> None:
    """Several share a store: each is recovered once, and reads what the other has written."""
    path = tmp_path / "state"

    async def on_the_store() -> Coordinator:
        vault = Vault(SQLiteStore(path), without_keys())
        return await open_coordinator(vault, SIMULATION, NAMES)

    one = await on_the_store()
    raw = manifest(marble={"MaxActivations": 3}, RecoveryKeys=OWNERS)
    accepted = await one.set_manifest(raw)
    other = await on_the_store()
    await recover(other, accepted.recovery_secrets["owner"])
    for coordinator in (one, other, one):
        await coordinator.activate(request())
    with pytest.raises(VerificationError, match="activated 3 times"):
        await other.activate(request())
    for coordinator in (one, other):
        await coordinator.close()
