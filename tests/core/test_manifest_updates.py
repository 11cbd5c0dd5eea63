"""Updates of the whole manifest: proposed, acknowledged, cancelled, applied."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from ringtaw_coordinator.core.api import PendingUpdate, SecretUpload, UpdateProgress
from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.errors import (
    ForbiddenError,
    ManifestError,
    NoPendingUpdateError,
    RequestRefusedError,
    StateError,
    StoreError,
    UnauthorizedError,
    VerificationError,
)

from tests.support.deployments import coordinator_in, request
from tests.support.disks import FailingFiles
from tests.support.people import person, role, served, updatable

ALICE, BOB, CAROL, RITA, GUEST = (
    person(name).der for name in ("alice", "bob", "carol", "rita", "guest")
)
ALL = ("alice", "bob", "carol")
BEFORE = updatable(*ALL, env={"A": "before"})
AFTER = updatable(*ALL, env={"A": "after"})
PACKAGE_UPDATE = b'{"Packages": {"frontend": {"SecurityVersion": 9}}}'


@pytest.fixture
async def coordinator(tmp_path: Path) -> AsyncIterator[Coordinator]:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(BEFORE)
        yield coordinator


def updates(coordinator: Coordinator) -> list[str]:
    return [json.loads(entry)["update"] for entry in coordinator.update_log()]


async def variable(coordinator: Coordinator) -> bytes:
    return (await coordinator.activate(request())).env["A"]


async def test_all_have_to_acknowledge(coordinator: Coordinator) -> None:
    before = (coordinator.manifest(), coordinator.mesh_identity)
    progress = await coordinator.submit_update(AFTER, ALICE)
    assert progress == UpdateProgress(2, ("bob", "carol"))
    assert coordinator.pending_update() == PendingUpdate(AFTER, ("bob", "carol"), 2)
    assert await coordinator.acknowledge_update(AFTER, CAROL) == UpdateProgress(1, ("bob",))
    assert (coordinator.manifest(), coordinator.mesh_identity) == before
    assert await variable(coordinator) == b"before"
    assert await coordinator.acknowledge_update(AFTER, BOB) == UpdateProgress(0, ())
    assert await variable(coordinator) == b"after"
    with pytest.raises(NoPendingUpdateError, match=r"^no update in progress$"):
        coordinator.pending_update()


async def test_what_is_in_force_afterwards(coordinator: Coordinator) -> None:
    client, chain = coordinator.client_identity, coordinator.mesh_identity.chain
    heard: list[bytes] = []
    coordinator.on_identity_change(lambda: heard.append(coordinator.mesh_identity.chain[0]))
    for user in (ALICE, BOB, CAROL):
        assert heard == []
        await (
            coordinator.submit_update(AFTER, user)
            if user == ALICE
            else coordinator.acknowledge_update(AFTER, user)
        )
    stored = coordinator.manifest()
    assert stored.raw == AFTER
    assert stored.fingerprint == hashlib.sha256(AFTER).hexdigest()
    key = x509.load_der_x509_certificate(client.chain[0]).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(stored.signature, AFTER, ec.ECDSA(hashes.SHA256()))
    assert coordinator.client_identity == client
    assert heard == [coordinator.mesh_identity.chain[0]]
    assert not {*chain[:2]} & {*coordinator.mesh_identity.chain[:2]}


async def test_a_threshold_of_one_applies_at_once(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(updatable(*ALL, threshold=1))
        assert await coordinator.submit_update(AFTER, BOB) == UpdateProgress(0, ())
        assert coordinator.manifest().raw == AFTER
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.manifest().raw == AFTER


async def test_threshold_and_holders_are_of_the_manifest_in_force(tmp_path: Path) -> None:
    newcomers = updatable("dora", threshold=1)
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(updatable(*ALL, threshold=2))
        assert await coordinator.submit_update(newcomers, ALICE) == UpdateProgress(
            1, ("bob", "carol")
        )
        with pytest.raises(UnauthorizedError):
            await coordinator.acknowledge_update(newcomers, person("dora").der)
        await coordinator.acknowledge_update(newcomers, CAROL)
        with pytest.raises(UnauthorizedError):  # alice is nobody now
            await coordinator.submit_update(AFTER, ALICE)
        await coordinator.submit_update(AFTER, person("dora").der)
        assert coordinator.manifest().raw == AFTER


async def test_a_pending_update_survives_a_restart(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(BEFORE)
        await coordinator.submit_update(AFTER, BOB)
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.pending_update() == PendingUpdate(AFTER, ("alice", "carol"), 2)
        await coordinator.acknowledge_update(AFTER, ALICE)
    async with coordinator_in(tmp_path) as coordinator:
        assert coordinator.pending_update().missing_users == ("carol",)
        await coordinator.acknowledge_update(AFTER, CAROL)
        assert await variable(coordinator) == b"after"


async def test_acknowledging_twice_counts_once(coordinator: Coordinator) -> None:
    await coordinator.submit_update(AFTER, ALICE)
    log = coordinator.update_log()
    assert await coordinator.acknowledge_update(AFTER, ALICE) == UpdateProgress(2, ("bob", "carol"))
    assert coordinator.update_log() == log


async def test_acknowledging_takes_the_very_bytes_and_the_role(coordinator: Coordinator) -> None:
    with pytest.raises(NoPendingUpdateError, match="no update in progress"):
        await coordinator.acknowledge_update(AFTER, BOB)
    await coordinator.submit_update(AFTER, ALICE)
    with pytest.raises(RequestRefusedError, match="byte for byte"):
        await coordinator.acknowledge_update(AFTER + b"\n", BOB)
    with pytest.raises(RequestRefusedError, match="byte for byte"):
        await coordinator.acknowledge_update(BEFORE, BOB)
    with pytest.raises(UnauthorizedError):
        await coordinator.acknowledge_update(AFTER, b"")
    for certificate in (RITA, GUEST):
        with pytest.raises(ForbiddenError, match="no role with UpdateManifest"):
            await coordinator.acknowledge_update(AFTER, certificate)
    assert coordinator.pending_update().missing_acknowledgments == 2


async def test_while_one_is_pending_no_other_is_accepted(coordinator: Coordinator) -> None:
    await coordinator.submit_update(AFTER, ALICE)
    for raw, user in ((AFTER, ALICE), (AFTER, BOB), (BEFORE, BOB), (PACKAGE_UPDATE, RITA)):
        with pytest.raises(RequestRefusedError, match="another update of the manifest is pending"):
            await coordinator.submit_update(raw, user)
    await coordinator.cancel_update(BOB)
    await coordinator.submit_update(PACKAGE_UPDATE, RITA)


async def test_any_holder_may_cancel_and_nobody_else(coordinator: Coordinator) -> None:
    with pytest.raises(NoPendingUpdateError, match="no update in progress"):
        await coordinator.cancel_update(BOB)
    await coordinator.submit_update(AFTER, ALICE)
    for certificate in (RITA, GUEST):
        with pytest.raises(ForbiddenError):
            await coordinator.cancel_update(certificate)
    with pytest.raises(UnauthorizedError):
        await coordinator.cancel_update(b"")
    await coordinator.cancel_update(CAROL)
    with pytest.raises(NoPendingUpdateError):
        await coordinator.acknowledge_update(AFTER, BOB)
    assert coordinator.manifest().raw == BEFORE


INVALID: list[tuple[bytes, str]] = [
    (b"{}", "invalid manifest"),
    (b"no JSON", "not JSON"),
    (updatable(*ALL, threshold=9), "UpdateThreshold"),
    (updatable(*ALL, env={"A": "{{ hex .Secrets.none }}"}), "/Marbles/frontend/Parameters/Env/A"),
    (
        updatable(
            *ALL,
            Secrets={"c": {"Type": "cert-ed25519", "Cert": {"NotAfter": "2001-01-01T00:00:00Z"}}},
        ),
        "/Secrets/c/Cert: NotAfter",
    ),
]


@pytest.mark.parametrize(("raw", "reason"), INVALID)
@pytest.mark.parametrize("threshold", [1, 3])
async def test_an_invalid_manifest_is_never_pending(
    tmp_path: Path, raw: bytes, reason: str, threshold: int
) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(updatable(*ALL, threshold=threshold))
        before = served(coordinator)
        with pytest.raises(ManifestError, match=reason):
            await coordinator.submit_update(raw, ALICE)
        assert served(coordinator) is before


async def test_warnings_reach_whoever_submits(coordinator: Coordinator) -> None:
    raw = updatable(*ALL, Packages={"frontend": {"Debug": True}, "backend": {"Debug": True}})
    progress = await coordinator.submit_update(raw, ALICE)
    assert any("/Packages/frontend" in warning for warning in progress.warnings)


TEXT: dict[str, Any] = {
    "Secrets": {"text": {"Type": "plain", "UserDefined": True}},
    "Roles": {
        "update": role("Manifest", [], "UpdateManifest"),
        "raise": role("Secrets", ["text"], "WriteSecret"),
    },
}


@pytest.mark.parametrize("threshold", [1, 3])
async def test_what_users_have_set_is_rehearsed_with_the_new_templates(
    tmp_path: Path, threshold: int
) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(updatable(*ALL, threshold=threshold, **TEXT))
        await coordinator.write_secrets({"text": SecretUpload(key=b"a\0b")}, RITA)
        raw = updatable(*ALL, env={"A": "{{ string .Secrets.text }}"}, **TEXT)
        with pytest.raises(ManifestError, match=r"/Marbles/frontend/Parameters/Env/A.*NUL"):
            await coordinator.submit_update(raw, ALICE)


async def test_what_turns_out_not_to_be_applicable_is_dropped_and_says_so(tmp_path: Path) -> None:
    """A secret is set in the meantime that the new manifest has no use for."""
    after = updatable(*ALL, env={"A": "{{ string .Secrets.text }}"}, **TEXT)
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(updatable(*ALL, threshold=2, **TEXT))
        await coordinator.submit_update(after, ALICE)
        await coordinator.write_secrets({"text": SecretUpload(key=b"a\0b")}, RITA)
        before = (coordinator.manifest(), coordinator.mesh_identity)
        with pytest.raises(ManifestError, match=r"no longer pending.*NUL"):
            await coordinator.acknowledge_update(after, BOB)
        assert (coordinator.manifest(), coordinator.mesh_identity) == before
    async with coordinator_in(tmp_path) as coordinator:
        with pytest.raises(NoPendingUpdateError):
            coordinator.pending_update()
        assert updates(coordinator)[-2:] == [
            "Manifest update acknowledged",
            "Manifest update failed",
        ]
        assert "NUL" in json.loads(coordinator.update_log()[-1])["reason"]
        await coordinator.activate(request())


@pytest.mark.parametrize("step", [1, 3, 8])
async def test_full_disk_applies_nothing_and_the_last_can_try_again(
    tmp_path: Path, step: int
) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(BEFORE)
        await coordinator.submit_update(AFTER, ALICE)
        await coordinator.acknowledge_update(AFTER, BOB)
    async with coordinator_in(tmp_path, files=FailingFiles(step)) as coordinator:
        before = served(coordinator)
        with pytest.raises(StoreError):
            await coordinator.acknowledge_update(AFTER, CAROL)
        assert served(coordinator) is before
        assert coordinator.pending_update().missing_users == ("carol",)
        await coordinator.acknowledge_update(AFTER, CAROL)
        assert await variable(coordinator) == b"after"
    async with coordinator_in(tmp_path) as coordinator:
        assert await variable(coordinator) == b"after"


async def test_activation_counts_are_kept(tmp_path: Path) -> None:
    def limited(limit: int, **more: Any) -> bytes:
        return updatable("alice", marble={"MaxActivations": limit}, **more)

    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(limited(2))
        await coordinator.activate(request())
        await coordinator.submit_update(limited(2, Infrastructures={}), ALICE)
        await coordinator.activate(request())
        with pytest.raises(VerificationError, match="activated 2 times"):
            await coordinator.activate(request())
        await coordinator.submit_update(limited(0), ALICE)
        await coordinator.activate(request())  # unlimited ones are not counted
        await coordinator.submit_update(limited(3), ALICE)
        await coordinator.activate(request())
        with pytest.raises(VerificationError, match="activated 3 times"):
            await coordinator.activate(request())


async def test_marbles_come_and_go(tmp_path: Path) -> None:
    other = {"other": {"Package": "backend", "Parameters": {"Env": {"A": "new"}}}}
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(updatable("alice"))
        await coordinator.submit_update(updatable("alice", Marbles=other), ALICE)
        assert (await coordinator.activate(request("other"))).env["A"] == b"new"
        with pytest.raises(VerificationError, match='no Marble "frontend"'):
            await coordinator.activate(request())


async def test_before_a_manifest_there_is_nothing_to_do(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        with pytest.raises(NoPendingUpdateError, match=r"^no update in progress$"):
            coordinator.pending_update()
        with pytest.raises(StateError):
            coordinator.update_log()
        with pytest.raises(StateError):
            await coordinator.acknowledge_update(AFTER, ALICE)
        with pytest.raises(StateError):
            await coordinator.cancel_update(ALICE)
