"""kill -9 at every step of what users and Marbles change: it is there as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ringtaw_coordinator.core.api import State
from ringtaw_coordinator.state.model import Deployment

from tests.support.crash_driver import UUID
from tests.support.crashes import crash, named
from tests.support.deployments import RecoveryKey, coordinator_in, request
from tests.support.people import person, role, served, updatable

ALICE, BOB, RITA = (person(name).der for name in ("alice", "bob", "rita"))
ROLES = {
    "update": role("Manifest", [], "UpdateManifest"),
    "raise": role("Packages", ["frontend"], "UpdateSecurityVersion"),
    "write": role("Secrets", ["text"], "WriteSecret", "ReadSecret"),
}
SECRETS = {
    "text": {"Type": "plain", "UserDefined": True},
    "key": {"Type": "symmetric-key", "Size": 128, "Shared": True},
}
RECOVERY = RecoveryKey()


def manifest(**more: Any) -> bytes:
    config = {"FeatureGates": ["MonotonicCounter"], "RotateRootSecret": True}
    users = {"alice": ["update"], "bob": ["update"], "rita": ["raise", "write"]}
    section = {
        name: {"Certificate": person(name).pem.decode(), "Roles": roles}
        for name, roles in users.items()
    }
    sections = {"Users": section, "Roles": ROLES, "Secrets": SECRETS, "Config": config, **more}
    return updatable(**sections)


BEFORE = manifest()
AFTER = manifest(env={"A": "after"})
RECOVERABLE = manifest(RecoveryKeys={"owner": RECOVERY.public_pem})


async def prepare(directory: Path, proposal: bytes | None = None) -> Path:
    async with coordinator_in(directory) as coordinator:
        await coordinator.set_manifest(BEFORE)
        if proposal is not None:
            await coordinator.submit_update(proposal, ALICE)
    return directory


async def kept(directory: Path) -> Deployment:
    """Return what a new Coordinator finds, and check that it works with it."""
    async with coordinator_in(directory) as coordinator:
        assert coordinator.status().state is State.ACCEPTING_MARBLES
        await coordinator.activate(request())
        return served(coordinator).deployment


async def crashed(operation: str, before: Path, results: Path) -> tuple[Deployment, Deployment]:
    """Return the states before and after; those after all crashes are the one or the other."""
    old = await kept(before)
    found = [await kept(directory) for directory in named(crash(operation, before, results))]
    new = found[-1]
    assert new.update_log[: len(old.update_log)] == old.update_log
    for deployment in found[:-1]:
        # what was done again in each run differs in keys and times only
        assert shape(deployment) in (shape(old), shape(new))
        assert (deployment == old) == (shape(deployment) == shape(old))
    assert any(shape(deployment) == shape(old) for deployment in found)
    return old, new


def shape(deployment: Deployment) -> tuple[object, ...]:
    return (
        deployment.manifest,
        deployment.proposal,
        dict(deployment.package_versions),
        dict(deployment.counters),
        deployment.secrets.get("text"),
        len(deployment.update_log),
    )


async def test_secret(tmp_path: Path) -> None:
    before = await prepare(tmp_path / "before")
    old, new = await crashed("write_secret", before, tmp_path / "results")
    assert "text" not in old.secrets
    assert new.secrets["text"].private == b"after"


async def test_counter(tmp_path: Path) -> None:
    before = await prepare(tmp_path / "before")
    _, new = await crashed("raise_counter", before, tmp_path / "results")
    assert new.counters == {f"{UUID} frontend": {"c": 9}}


async def test_update_of_packages(tmp_path: Path) -> None:
    before = await prepare(tmp_path / "before")
    old, new = await crashed("update_packages", before, tmp_path / "results")
    assert new.package_versions == {"frontend": 9}
    assert new.intermediate != old.intermediate
    assert new.secrets["key"] == old.secrets["key"]


async def test_proposal(tmp_path: Path) -> None:
    before = await prepare(tmp_path / "before")
    old, new = await crashed("propose", before, tmp_path / "results")
    assert new.proposal is not None
    assert new.proposal.acknowledged_by == ("alice",)
    assert new.intermediate == old.intermediate


async def test_cancellation(tmp_path: Path) -> None:
    before = await prepare(tmp_path / "before", AFTER)
    old, new = await crashed("cancel", before, tmp_path / "results")
    assert (old.proposal is not None, new.proposal) == (True, None)


CHANGES: list[tuple[bytes, Callable[[Path], bool]]] = [
    (AFTER, lambda _: True),
    (RECOVERABLE, lambda directory: b"single" in (directory / "sealed_data").read_bytes()),
]


@pytest.mark.parametrize(("proposal", "check"), CHANGES, ids=["manifest", "recovery keys"])
async def test_update_of_the_manifest(
    tmp_path: Path, proposal: bytes, check: Callable[[Path], bool]
) -> None:
    before = await prepare(tmp_path / "before", proposal)
    old, new = await crashed("acknowledge", before, tmp_path / "results")
    assert (old.manifest, new.manifest) == (BEFORE, proposal)
    assert new.previous_root_secret == old.root_secret != new.root_secret
    assert new.previous_secrets["key"] == old.secrets["key"] != new.secrets["key"]
    assert check(tmp_path / "results" / "acknowledged")
