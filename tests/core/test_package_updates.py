"""Updates of packages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from ringtaw_coordinator.core.api import TLSIdentity, UpdateProgress
from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.errors import (
    ForbiddenError,
    ManifestError,
    RequestRefusedError,
    StateError,
    StoreError,
    UnauthorizedError,
)
from ringtaw_testkit.identities import self_signed

from tests.support.deployments import coordinator_in, manifest, request
from tests.support.disks import FailingFiles
from tests.support.people import PACKAGES, UPDATERS, person, served, updatable, users

SECRETS = {
    "cert": {"Type": "cert-ecdsa", "Size": 256, "Shared": True},
    "key": {"Type": "symmetric-key", "Size": 128, "Shared": True},
    "own": {"Type": "symmetric-key", "Size": 128},
    "uploaded": {"Type": "plain", "UserDefined": True, "Private": "aGVsbG8="},
}
ENV = {
    "CERT": "{{ pem .Secrets.cert.Cert }}",
    "KEY": "{{ hex .Secrets.key }}",
    "OWN": "{{ hex .Secrets.own }}",
    "OLD": "{{ hex .Previous.Secrets.key }}",
    "TEXT": "{{ string .Secrets.uploaded }}",
}
MANIFEST = updatable("alice", Secrets=SECRETS, env=ENV)
RITA, ALICE, GUEST = (person(name).der for name in ("rita", "alice", "guest"))
UUID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


def update(**versions: int) -> bytes:
    packages = {name: {"SecurityVersion": version} for name, version in versions.items()}
    return json.dumps({"Packages": packages}).encode()


@pytest.fixture
async def coordinator(tmp_path: Path) -> AsyncIterator[Coordinator]:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        yield coordinator


def required(coordinator: Coordinator) -> dict[str, int | None]:
    packages = served(coordinator).manifest.packages
    return {name: package.security_version for name, package in packages.items()}


async def test_versions_are_raised_at_once_and_for_good(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        before = coordinator.manifest()
        assert await coordinator.submit_update(update(frontend=5), RITA) == UpdateProgress(0, ())
        assert required(coordinator) == {"frontend": 5, "backend": 0, "pinned": None}
        await coordinator.submit_update(update(frontend=5, backend=2**64 - 1), RITA)
        assert coordinator.manifest() == before
    async with coordinator_in(tmp_path) as coordinator:
        assert required(coordinator) == {"frontend": 5, "backend": 2**64 - 1, "pinned": None}
        assert coordinator.manifest() == before
        with pytest.raises(RequestRefusedError, match="downgrade"):
            await coordinator.submit_update(update(frontend=4), RITA)


async def test_certificates_are_new_and_keys_stay(coordinator: Coordinator) -> None:
    mesh, client = coordinator.mesh_identity, coordinator.client_identity
    before = await coordinator.activate(request(marble_uuid=UUID))
    await coordinator.submit_update(update(frontend=5), RITA)
    after = await coordinator.activate(request(marble_uuid=UUID))
    assert coordinator.client_identity == client
    for name in ("KEY", "OWN", "OLD", "TEXT", "MARBLE_PREDEFINED_COORDINATOR_ROOT_CA"):
        assert after.env[name] == before.env[name]
    assert before.env["CERT"] != after.env["CERT"]
    old_root, new_root = (
        x509.load_der_x509_certificate(identity.chain[0])
        for identity in (mesh, coordinator.mesh_identity)
    )
    assert old_root.public_key() != new_root.public_key()
    x509.load_pem_x509_certificate(after.env["CERT"]).verify_directly_issued_by(new_root)
    with pytest.raises(InvalidSignature):
        x509.load_pem_x509_certificate(before.env["CERT"]).verify_directly_issued_by(new_root)
    root = x509.load_der_x509_certificate(coordinator.client_identity.chain[0])
    intermediate = x509.load_der_x509_certificate(coordinator.mesh_identity.chain[1])
    intermediate.verify_directly_issued_by(root)


async def test_names_of_the_identity_stay(coordinator: Coordinator) -> None:
    def names(identity: TLSIdentity) -> list[x509.SubjectAlternativeName]:
        certificates = map(x509.load_der_x509_certificate, identity.chain)
        kind = x509.SubjectAlternativeName
        return [c.extensions.get_extension_for_class(kind).value for c in certificates]

    before = names(coordinator.mesh_identity)
    await coordinator.submit_update(update(frontend=5), RITA)
    assert names(coordinator.mesh_identity) == before


async def test_listeners_hear_of_the_new_identity_before_the_answer(
    coordinator: Coordinator,
) -> None:
    heard: list[TLSIdentity] = []

    def broken() -> None:
        raise RuntimeError("a listener fails")

    coordinator.on_identity_change(broken)
    coordinator.on_identity_change(lambda: heard.append(coordinator.mesh_identity))
    before = coordinator.mesh_identity
    with pytest.raises(RequestRefusedError):
        await coordinator.submit_update(update(frontend=1), RITA)
    assert heard == []
    await coordinator.submit_update(update(frontend=5), RITA)
    assert heard == [coordinator.mesh_identity] != [before]


async def test_each_package_is_logged(coordinator: Coordinator) -> None:
    await coordinator.submit_update(update(frontend=5, backend=1), RITA)
    entries = [json.loads(entry) for entry in coordinator.update_log()[1:]]
    assert [(e["update"], e["user"], e["package"], e["new version"]) for e in entries] == [
        ("SecurityVersion increased", "rita", "frontend", 5),
        ("SecurityVersion increased", "rita", "backend", 1),
    ]
    assert '"package":"frontend"' in coordinator.update_log()[1]


REFUSED: list[tuple[bytes, type[Exception], str]] = [
    (update(frontend=2), RequestRefusedError, "tries to downgrade SecurityVersion of the original"),
    (update(frontend=9, fronted=9), RequestRefusedError, 'no package "fronted": did you mean'),
    (update(pinned=1), RequestRefusedError, "known by its measurement"),
    (b'{"Packages": {"frontend": {"SecurityVersion": 9, "Debug": true}}}', ManifestError, "Debug"),
    (b"{}", ForbiddenError, "no role with UpdateManifest"),
    (MANIFEST, ForbiddenError, "no role with UpdateManifest"),
]


@pytest.mark.parametrize(("raw", "kind", "reason"), REFUSED)
async def test_refused_updates_change_nothing(
    coordinator: Coordinator, raw: bytes, kind: type[Exception], reason: str
) -> None:
    before = served(coordinator)
    with pytest.raises(kind, match=reason):
        await coordinator.submit_update(raw, RITA)
    assert served(coordinator) is before


async def test_only_users_with_the_role_update_packages(coordinator: Coordinator) -> None:
    raw = update(frontend=5)
    with pytest.raises(UnauthorizedError, match="unauthorized user"):
        await coordinator.submit_update(raw, self_signed("mallory").der)
    with pytest.raises(ForbiddenError, match="UpdateSecurityVersion or UpdateManifest"):
        await coordinator.submit_update(raw, GUEST)
    with pytest.raises(ForbiddenError, match="no role with UpdateSecurityVersion"):
        await coordinator.submit_update(raw, ALICE)


async def test_all_packages_need_the_permission(tmp_path: Path) -> None:
    roles = {**UPDATERS, "raise": {**UPDATERS["raise"], "ResourceNames": ["frontend"]}}
    raw = manifest(Packages=PACKAGES, Roles=roles, Users=users({"rita": ["raise"]}))
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(raw)
        with pytest.raises(ForbiddenError, match='on "backend"'):
            await coordinator.submit_update(update(frontend=5, backend=1), RITA)
        await coordinator.submit_update(update(frontend=5), RITA)


async def test_a_debug_package_can_get_its_first_version(tmp_path: Path) -> None:
    packages: dict[str, Any] = {"frontend": {"Debug": True}, "backend": {"Debug": True}}
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(updatable("alice", Packages=packages))
        await coordinator.submit_update(update(frontend=5), RITA)
        assert required(coordinator) == {"frontend": 5, "backend": None}


async def test_before_a_manifest_there_is_nothing_to_update(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        with pytest.raises(StateError, match="server is not in expected state"):
            await coordinator.submit_update(update(frontend=5), RITA)


async def test_full_disk_updates_nothing(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
    async with coordinator_in(tmp_path, files=FailingFiles(1)) as coordinator:
        before, heard = served(coordinator), []
        coordinator.on_identity_change(lambda: heard.append(1))
        with pytest.raises(StoreError):
            await coordinator.submit_update(update(frontend=5), RITA)
        assert served(coordinator) is before
        assert heard == []
        await coordinator.submit_update(update(frontend=5), RITA)


async def test_templates_and_users_are_not_loaded_anew(coordinator: Coordinator) -> None:
    before = served(coordinator)
    await coordinator.submit_update(update(frontend=5), RITA)
    after = served(coordinator)
    assert not after.is_same_version(before)
    assert (after.marbles, after.users) == (before.marbles, before.users)
