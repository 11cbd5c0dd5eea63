"""What an update of the manifest does to secrets, recovery keys and sealing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from ringtaw_coordinator.core.api import SecretUpload, State
from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.state import container
from ringtaw_coordinator.state.sealed_data import recovery_data, unseal
from ringtaw_coordinator.state.sealed_key import PlatformSealer
from ringtaw_premain.hookspecs import KeyBinding

from tests.support.deployments import RecoveryKey, coordinator_in, request
from tests.support.people import person, role, served, updatable

ALICE, RITA = person("alice").der, person("rita").der
UUID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
SECRETS: dict[str, Any] = {
    "cert": {"Type": "cert-ecdsa", "Size": 256, "Shared": True},
    "shared": {"Type": "symmetric-key", "Size": 128, "Shared": True},
    "own": {"Type": "symmetric-key", "Size": 128},
    "leaf": {"Type": "cert-ed25519"},
    "text": {"Type": "plain", "UserDefined": True},
}
ENV = {
    name: f"{{{{ hex {path} }}}}"
    for name, path in {
        "CERT": ".Secrets.cert.Cert",
        "OLD_CERT": ".Previous.Secrets.cert.Cert",
        "SHARED": ".Secrets.shared",
        "OLD_SHARED": ".Previous.Secrets.shared",
        "OWN": ".Secrets.own",
        "OLD_OWN": ".Previous.Secrets.own",
        "LEAF": ".Secrets.leaf.Cert",
        "OLD_LEAF": ".Previous.Secrets.leaf.Cert",
        "TEXT": ".Secrets.text",
    }.items()
}
ROLES = {
    "update": role("Manifest", [], "UpdateManifest"),
    "raise": role("Secrets", ["text"], "WriteSecret", "ReadSecret"),
}


def variant(*, rotate: bool = False, secrets: dict[str, Any] | None = None) -> bytes:
    changed = SECRETS | (secrets or {})
    config = {"RotateRootSecret": rotate}
    return updatable("alice", Secrets=changed, Roles=ROLES, env=ENV, Config=config)


@pytest.fixture
async def coordinator(tmp_path: Path) -> AsyncIterator[Coordinator]:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(variant(rotate=True))  # has no effect yet
        await coordinator.write_secrets({"text": SecretUpload(key=b"text")}, RITA)
        yield coordinator


async def values(coordinator: Coordinator) -> dict[str, bytes]:
    env = (await coordinator.activate(request(marble_uuid=UUID))).env
    return {name: env[name] for name in ENV}


async def test_before_any_update_previous_values_are_the_current_ones(
    coordinator: Coordinator,
) -> None:
    found = await values(coordinator)
    assert served(coordinator).deployment.previous_root_secret == b""
    for name in ("CERT", "SHARED", "OWN", "LEAF"):
        assert found[name] == found[f"OLD_{name}"]


async def test_without_rotation_keys_stay_and_certificates_are_new(
    coordinator: Coordinator,
) -> None:
    before = await values(coordinator)
    await coordinator.submit_update(variant(), ALICE)
    after = await values(coordinator)
    for name in ("SHARED", "OLD_SHARED", "OWN", "OLD_OWN", "TEXT"):
        assert after[name] == before[name]
    assert after["CERT"] != before["CERT"] == after["OLD_CERT"]
    assert after["LEAF"] != before["LEAF"]


async def test_rotation_makes_every_key_anew_and_keeps_the_old_one(
    coordinator: Coordinator,
) -> None:
    before = await values(coordinator)
    await coordinator.submit_update(variant(rotate=True), ALICE)
    after = await values(coordinator)
    for name in ("CERT", "SHARED", "OWN"):
        assert after[name] != before[name] == after[f"OLD_{name}"]
    assert after["TEXT"] == before["TEXT"]
    assert after["OLD_LEAF"] not in (after["LEAF"], before["LEAF"])  # private ones are always new
    await coordinator.submit_update(variant(), ALICE)  # another update does not forget them
    later = await values(coordinator)
    for name in ("SHARED", "OLD_SHARED", "OWN", "OLD_OWN"):
        assert later[name] == after[name]
    assert later["OLD_CERT"] == after["CERT"]
    await coordinator.submit_update(variant(rotate=True), ALICE)
    latest = await values(coordinator)
    for name in ("SHARED", "OWN"):
        assert latest[f"OLD_{name}"] == later[name] != latest[name]


async def test_rotation_survives_a_restart(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(variant())
        await coordinator.write_secrets({"text": SecretUpload(key=b"text")}, RITA)
        await coordinator.submit_update(variant(rotate=True), ALICE)
        before = await values(coordinator)
    async with coordinator_in(tmp_path) as coordinator:
        after = await values(coordinator)
    fresh = {"LEAF", "OLD_LEAF"}
    assert {n: v for n, v in after.items() if n not in fresh} == {
        n: v for n, v in before.items() if n not in fresh
    }


async def test_changed_definitions_begin_anew(coordinator: Coordinator) -> None:
    before = served(coordinator).deployment.secrets
    changed = {
        "shared": {"Type": "symmetric-key", "Size": 256, "Shared": True},
        "cert": {"Type": "cert-ecdsa", "Size": 384, "Shared": True},
        "text": {"Type": "plain", "UserDefined": True, "Private": "bmV3"},
        "added": {"Type": "symmetric-key", "Size": 64, "Shared": True},
    }
    await coordinator.submit_update(variant(rotate=True, secrets=changed), ALICE)
    after = served(coordinator).deployment
    assert set(after.secrets) == {"shared", "cert", "text", "added"}
    assert len(after.secrets["shared"].private) == 32
    assert after.secrets["text"].private == b"new"
    assert dict(after.previous_secrets) == {"cert": before["cert"]}  # fit to be used as before
    found = await values(coordinator)
    assert found["OLD_SHARED"] == found["SHARED"]


async def test_removed_secrets_vanish(coordinator: Coordinator) -> None:
    await coordinator.submit_update(variant(rotate=True), ALICE)
    await coordinator.submit_update(updatable("alice"), ALICE)
    deployment = served(coordinator).deployment
    assert (dict(deployment.secrets), dict(deployment.previous_secrets)) == ({}, {})
    await coordinator.submit_update(variant(), ALICE)
    assert (await coordinator.read_secrets(["text"], RITA))["text"].value.private == b""


async def test_a_type_that_changes_leaves_nothing_behind(coordinator: Coordinator) -> None:
    changed = {"cert": {"Type": "cert-ed25519", "Shared": True}}
    await coordinator.submit_update(variant(secrets=changed), ALICE)
    assert "cert" not in served(coordinator).deployment.previous_secrets


KEYS = {name: RecoveryKey() for name in ("one", "two", "three")}


def recoverable(*names: str, threshold: int = 0, mode: str = "") -> bytes:
    keys = {name: KEYS[name].public_pem for name in names}
    config = {"RecoveryThreshold": threshold, "SealMode": mode}
    return updatable("alice", RecoveryKeys=keys, Config=config)


def sealed_state(directory: Path) -> bytes:
    """Return the sealed state without the changes behind it."""
    return container.parse((directory / "sealed_data").read_bytes()).state


def decrypted(name: str, secret: bytes) -> bytes:
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    return KEYS[name].private.decrypt(secret, oaep)


async def test_recovery_secrets_change_only_with_the_recovery_keys(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        first = (await coordinator.set_manifest(recoverable("one"))).recovery_secrets
        same = await coordinator.submit_update(recoverable("one", threshold=0), ALICE)
        assert same.recovery_secrets == {}
        dek = decrypted("one", first["one"])
        assert b"alice" in unseal(sealed_state(tmp_path), dek)
        new = await coordinator.submit_update(recoverable("one", "two"), ALICE)
        assert set(new.recovery_secrets) == {"one", "two"}
        all_of_two = await coordinator.submit_update(recoverable("one", "two", threshold=2), ALICE)
        assert all_of_two.recovery_secrets == {}  # 0 and "all" are the same
        three = await coordinator.submit_update(
            recoverable("one", "two", "three", threshold=2), ALICE
        )
        assert len(decrypted("three", three.recovery_secrets["three"])) == 33
        gone = await coordinator.submit_update(updatable("alice"), ALICE)
        assert gone.recovery_secrets == {}
        assert b"none" in recovery_data(sealed_state(tmp_path))


async def test_another_key_under_the_same_name_is_a_change(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(recoverable("one"))
        keys = {"one": KEYS["two"].public_pem}
        progress = await coordinator.submit_update(updatable("alice", RecoveryKeys=keys), ALICE)
        dek = decrypted("two", progress.recovery_secrets["one"])
        assert unseal(sealed_state(tmp_path), dek)
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.status().state is State.ACCEPTING_MARBLES


async def test_seal_mode_follows_the_manifest(tmp_path: Path) -> None:
    asked: list[KeyBinding] = []

    def platform_key(binding: KeyBinding) -> bytes:
        asked.append(binding)
        return bytes(16) if binding is KeyBinding.PRODUCT else bytes(32)

    sealer = PlatformSealer(platform_key)
    async with coordinator_in(tmp_path, sealer=sealer) as coordinator:
        first = await coordinator.set_manifest(recoverable("one"))
        asked.clear()
        progress = await coordinator.submit_update(recoverable("one", mode="UniqueKey"), ALICE)
        assert set(asked) == {KeyBinding.MEASUREMENT}
        assert progress.recovery_secrets == {}
        dek = decrypted("one", first.recovery_secrets["one"])
        assert unseal(sealed_state(tmp_path), dek)
    asked.clear()
    async with coordinator_in(tmp_path, sealer=sealer) as coordinator:
        assert coordinator.status().state is State.ACCEPTING_MARBLES
        assert set(asked) == {KeyBinding.MEASUREMENT}


async def test_sealing_can_be_given_up_and_taken_up_again(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(recoverable("one"))
        progress = await coordinator.submit_update(recoverable("one", mode="Disabled"), ALICE)
        assert progress.recovery_secrets == {}
        assert not (tmp_path / "sealed_data").exists()
        await coordinator.submit_update(recoverable("one", mode="Disabled"), ALICE)
        progress = await coordinator.submit_update(recoverable("one"), ALICE)
        dek = decrypted("one", progress.recovery_secrets["one"])
        assert unseal(sealed_state(tmp_path), dek)
        latest = coordinator.manifest()
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.manifest() == latest
