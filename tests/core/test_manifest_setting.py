"""Setting the manifest, and coming back after a restart."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from ringtaw_coordinator.core.api import State, StoredManifest
from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.core.founding import found
from ringtaw_coordinator.errors import ManifestError, StateError, StoreError
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.state.files import FileStore
from ringtaw_coordinator.state.model import new_deployment
from ringtaw_coordinator.state.sealed_key import PlatformSealer, UnprotectedSealer
from ringtaw_coordinator.state.vault import Vault
from ringtaw_premain.hookspecs import KeyBinding

from tests.support.deployments import RecoveryKey, coordinator_in, manifest, request
from tests.support.disks import FailingFiles

MANIFEST = manifest(
    env={"KEY": "{{ hex .Secrets.Key }}"},
    Secrets={"Key": {"Type": "symmetric-key", "Size": 128, "Shared": True}},
)
OTHER = manifest(env={"A": "other"})


def verify_signature(coordinator: Coordinator) -> None:
    stored = coordinator.manifest()
    root = x509.load_der_x509_certificate(coordinator.client_identity.chain[0])
    key = root.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(stored.signature, stored.raw, ec.ECDSA(hashes.SHA256()))
    assert stored.fingerprint == hashlib.sha256(stored.raw).hexdigest()


async def test_before_a_manifest_is_set(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.simulation
        assert coordinator.status().state is State.ACCEPTING_MANIFEST
        assert coordinator.manifest() == StoredManifest(b"", "", b"")
        with pytest.raises(StateError, match="server is not in expected state"):
            await coordinator.activate(request())
    assert not (tmp_path / "sealed_data").exists()


async def test_setting_changes_the_state_and_signs_the_very_bytes(tmp_path: Path) -> None:
    spaced = b" " + MANIFEST + b"\n"
    async with coordinator_in(tmp_path) as coordinator:
        accepted = await coordinator.set_manifest(spaced)
        assert accepted.recovery_secrets == {}
        assert coordinator.status().state is State.ACCEPTING_MARBLES
        assert coordinator.manifest().raw == spaced
        verify_signature(coordinator)


async def test_setting_does_not_change_the_identity(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        mesh, client = coordinator.mesh_identity, coordinator.client_identity
        quote = await coordinator.quote(None)
        await coordinator.set_manifest(MANIFEST)
        assert coordinator.mesh_identity == mesh
        assert coordinator.client_identity == client
        assert await coordinator.quote(b"nonce") == quote


async def test_mesh_identity_shows_that_the_root_certified_its_key(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        chain = [x509.load_der_x509_certificate(der) for der in coordinator.mesh_identity.chain]
        client = coordinator.client_identity
    marble_root, intermediate, root = chain
    intermediate.verify_directly_issued_by(root)
    marble_root.verify_directly_issued_by(marble_root)
    assert marble_root.public_key() == intermediate.public_key()
    assert client.chain == (coordinator.mesh_identity.chain[2],)


async def test_quote_of_a_simulation_has_the_chain_and_no_evidence(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        quote = await coordinator.quote(None)
        chain = coordinator.mesh_identity.chain
    certificates = x509.load_pem_x509_certificates(quote.certificate_chain.encode())
    expected = [x509.load_der_x509_certificate(der) for der in chain[1:]]
    assert certificates == expected
    assert quote.quote == b""


async def test_a_second_manifest_is_refused(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        with pytest.raises(StateError, match="server is not in expected state"):
            await coordinator.set_manifest(OTHER)
        assert coordinator.manifest().raw == MANIFEST


async def test_of_many_at_once_exactly_one_wins(tmp_path: Path) -> None:
    manifests = [manifest(env={"A": str(number)}) for number in range(8)]
    async with coordinator_in(tmp_path) as coordinator:
        results = await asyncio.gather(
            *(coordinator.set_manifest(raw) for raw in manifests), return_exceptions=True
        )
        losers = [result for result in results if isinstance(result, BaseException)]
        assert len(losers) == 7
        assert all(isinstance(loser, StateError) for loser in losers)
        winner = next(
            raw
            for raw, result in zip(manifests, results, strict=True)
            if not isinstance(result, BaseException)
        )
        assert coordinator.manifest().raw == winner
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.manifest().raw == winner


async def test_invalid_manifest_changes_nothing(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        with pytest.raises(ManifestError):
            await coordinator.set_manifest(b"{}")
        assert coordinator.status().state is State.ACCEPTING_MANIFEST
        assert not (tmp_path / "sealed_data").exists()
        await coordinator.set_manifest(MANIFEST)


async def test_certificates_that_cannot_be_made_are_all_found_at_once(tmp_path: Path) -> None:
    long_ago = {"Cert": {"NotAfter": "2001-01-01T00:00:00Z"}}
    raw = manifest(
        Secrets={
            "shared/one": {"Type": "cert-ecdsa", "Size": 256, "Shared": True, **long_ago},
            "private": {"Type": "cert-ed25519", **long_ago},
        }
    )
    async with coordinator_in(tmp_path) as coordinator:
        with pytest.raises(ManifestError) as caught:
            await coordinator.set_manifest(raw)
        assert [problem.pointer for problem in caught.value.problems] == [
            "/Secrets/shared~1one/Cert",
            "/Secrets/private/Cert",
        ]
        assert coordinator.status().state is State.ACCEPTING_MANIFEST


async def test_doubtful_manifest_is_accepted_with_warnings(tmp_path: Path) -> None:
    raw = manifest(Packages={"frontend": {"Debug": True}})
    async with coordinator_in(tmp_path) as coordinator:
        accepted = await coordinator.set_manifest(raw)
    assert any("/Packages/frontend" in warning for warning in accepted.warnings)


async def test_caller_that_goes_away_does_not_interrupt_the_change(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        caller = asyncio.create_task(coordinator.set_manifest(MANIFEST))
        await asyncio.sleep(0.001)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        with pytest.raises(StateError):  # waits for the change, then finds it done
            await coordinator.set_manifest(OTHER)
        await coordinator.activate(request())
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.manifest().raw == MANIFEST


@pytest.mark.parametrize("step", [1, 3, 8])
async def test_full_disk_refuses_the_manifest_and_nothing_else(tmp_path: Path, step: int) -> None:
    files = FailingFiles(step)
    async with coordinator_in(tmp_path, files=files) as coordinator:
        with pytest.raises(StoreError, match="No space left on device"):
            await coordinator.set_manifest(MANIFEST)
        assert coordinator.status().state is State.ACCEPTING_MANIFEST
        await coordinator.set_manifest(OTHER)  # the disk has room again
        await coordinator.activate(request())
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.manifest().raw == OTHER


async def test_restart_resumes_everything(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        before = (
            coordinator.status(),
            coordinator.manifest(),
            coordinator.mesh_identity,
            coordinator.client_identity,
            (await coordinator.activate(request())).env["KEY"],
        )
    async with coordinator_in(tmp_path) as coordinator:
        assert before == (
            coordinator.status(),
            coordinator.manifest(),
            coordinator.mesh_identity,
            coordinator.client_identity,
            (await coordinator.activate(request())).env["KEY"],
        )


async def test_recovery_secrets_are_returned_by_name(tmp_path: Path) -> None:
    owners = {name: RecoveryKey() for name in ("alice", "bob")}
    raw = manifest(RecoveryKeys={name: key.public_pem for name, key in owners.items()})
    async with coordinator_in(tmp_path) as coordinator:
        accepted = await coordinator.set_manifest(raw)
    assert set(accepted.recovery_secrets) == {"alice", "bob"}
    assert all(len(secret) == 256 for secret in accepted.recovery_secrets.values())


def test_update_log_begins_with_the_manifest() -> None:
    before = datetime.now(UTC)
    deployment = new_deployment(["localhost"])
    raw = manifest()
    (entry,) = found(deployment, raw, load_manifest(raw).manifest).update_log
    parsed = json.loads(entry)
    assert set(parsed) == {"time", "update"}
    assert parsed["update"] == "Initial manifest set"
    age = datetime.fromisoformat(parsed["time"]) - before
    assert -1 < age.total_seconds() < 60


DAMAGE = {
    "key is missing": lambda directory: (directory / "sealed_key").unlink(),
    "key is damaged": lambda directory: (directory / "sealed_key").write_bytes(b"x"),
    "data is damaged": lambda directory: (directory / "sealed_data").write_bytes(b"x"),
    "data is empty": lambda directory: (directory / "sealed_data").write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_state_that_cannot_be_opened_means_recovery(tmp_path: Path, damage: str) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        before = coordinator.client_identity
    DAMAGE[damage](tmp_path)
    data = (tmp_path / "sealed_data").read_bytes()
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.status().state is State.RECOVERY
        assert coordinator.manifest() == StoredManifest(b"", "", b"")
        assert coordinator.client_identity != before  # a provisional one
        with pytest.raises(StateError):
            await coordinator.activate(request())
        with pytest.raises(ManifestError):
            await coordinator.set_manifest(b"{}")
        assert (tmp_path / "sealed_data").read_bytes() == data
        provisional = coordinator.client_identity
        await coordinator.set_manifest(OTHER)
        assert coordinator.client_identity == provisional
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.manifest().raw == OTHER
        assert coordinator.client_identity == provisional


async def test_recovery_says_why(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
    (tmp_path / "sealed_key").unlink()
    async with coordinator_in(tmp_path) as coordinator:
        assert "sealed_key is missing" in coordinator.status().message
        with pytest.raises(StateError, match="sealed_key is missing"):
            await coordinator.activate(request())


async def test_manifest_that_a_newer_version_refuses_is_no_reason_to_crash(tmp_path: Path) -> None:
    vault = Vault(FileStore(tmp_path), UnprotectedSealer())
    vault.open()
    older = replace(new_deployment(["localhost"]), manifest=b"{}")
    vault.establish(older, load_manifest(MANIFEST).manifest)
    vault.close()
    data = (tmp_path / "sealed_data").read_bytes()
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.status().state is State.RECOVERY
        assert "does not accept it: invalid manifest" in coordinator.status().message
        assert (tmp_path / "sealed_data").read_bytes() == data
        await coordinator.set_manifest(OTHER)


async def copy_of_the_files(directory: Path) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name in ("sealed_data", "sealed_key")}


@pytest.mark.parametrize("older", ["sealed_data", "sealed_key"])
async def test_older_part_beside_a_newer_one_does_not_open(tmp_path: Path, older: str) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(manifest(marble={"MaxActivations": 2}))
        copies = await copy_of_the_files(tmp_path)
        for _ in range(2):
            await coordinator.activate(request())
    (tmp_path / older).write_bytes(copies[older])
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.status().state is State.RECOVERY


async def test_state_of_a_future_version_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringtaw_coordinator.state.codec.VERSION", 1000)
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
    monkeypatch.undo()
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.status().state is State.RECOVERY


async def test_disabled_sealing_keeps_nothing(tmp_path: Path) -> None:
    raw = manifest(Config={"SealMode": "Disabled"}, marble={"MaxActivations": 2})
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(raw)
        await coordinator.activate(request())
        assert coordinator.status().state is State.ACCEPTING_MARBLES
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.status().state is State.ACCEPTING_MANIFEST


@pytest.mark.parametrize(
    ("mode", "protection"),
    [("", "product"), ("ProductKey", "product"), ("UniqueKey", "measurement")],
)
async def test_seal_mode_chooses_the_platform_key(
    tmp_path: Path, mode: str, protection: str
) -> None:
    keys = {KeyBinding.PRODUCT: bytes(16), KeyBinding.MEASUREMENT: bytes(32)}
    asked: list[KeyBinding] = []

    def platform_key(binding: KeyBinding) -> bytes:
        asked.append(binding)
        return keys[binding]

    sealer = PlatformSealer(platform_key)
    raw = manifest(Config={"SealMode": mode}, marble={"MaxActivations": 5})
    async with coordinator_in(tmp_path, sealer=sealer) as coordinator:
        await coordinator.set_manifest(raw)
        await coordinator.activate(request())
    async with coordinator_in(tmp_path, sealer=sealer) as coordinator:
        await coordinator.activate(request())
    assert {binding.value for binding in asked} == {protection}
    async with coordinator_in(tmp_path, sealer=PlatformSealer(lambda _: bytes(31))) as coordinator:
        assert coordinator.status().state is State.RECOVERY
