"""Requests at the same time: whatever the order, the outcome is one of those in some order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ringtaw_attestation import Report
from ringtaw_coordinator.core.activation import MAX_ATTEMPTS
from ringtaw_coordinator.core.api import ActivationRequest, MarbleParameters, SecretUpload
from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.errors import (
    CoordinatorError,
    NoPendingUpdateError,
    RequestRefusedError,
    UnavailableError,
    VerificationError,
)
from ringtaw_coordinator.manifest.model import Manifest, Marble

from tests.support.deployments import coordinator_in, request
from tests.support.people import person, role, served, updatable, users

ALL = ("alice", "bob", "carol")
ALICE, BOB, CAROL, RITA = (person(name).der for name in (*ALL, "rita"))
ROLES = {
    "update": role("Manifest", [], "UpdateManifest"),
    "raise": role("Packages", ["frontend"], "UpdateSecurityVersion"),
    "write": role("Secrets", ["text"], "WriteSecret", "ReadSecret"),
}
TEXT = {"text": {"Type": "plain", "UserDefined": True}}
KEY = {"key": {"Type": "symmetric-key", "Size": 128, "Shared": True}}


def variant(name: str, *, updaters: tuple[str, ...] = ALL, limit: int = 0, **more: Any) -> bytes:
    marble = {"MaxActivations": limit}
    env = {"NAME": name, "KEY": "{{ hex .Secrets.key }}"}
    secrets = {**TEXT, **KEY}
    config = {"RotateRootSecret": True}
    return updatable(
        *updaters, env=env, marble=marble, Secrets=secrets, Roles=ROLES, Config=config, **more
    )


def raised(version: int) -> bytes:
    return b'{"Packages": {"frontend": {"SecurityVersion": %d}}}' % version


async def at_once(*calls: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run all; return results and refusals. Anything else than a refusal is raised."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, CoordinatorError):
            raise result
    return results


async def test_two_acknowledge_at_once_and_both_count(tmp_path: Path) -> None:
    after = variant("after")
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(variant("before"))
        await coordinator.submit_update(after, ALICE)
        found = await at_once(
            coordinator.acknowledge_update(after, BOB), coordinator.acknowledge_update(after, CAROL)
        )
        assert sorted(progress.missing_acknowledgments for progress in found) == [0, 1]
        assert coordinator.manifest().raw == after


async def test_one_user_many_times_at_once_counts_once(tmp_path: Path) -> None:
    after = variant("after")
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(variant("before"))
        await coordinator.submit_update(after, ALICE)
        calls = [coordinator.acknowledge_update(after, BOB) for _ in range(5)]
        assert {progress.missing_users for progress in await at_once(*calls)} == {("carol",)}
        assert coordinator.pending_update().missing_acknowledgments == 1


async def test_of_two_submitted_at_once_one_is_pending(tmp_path: Path) -> None:
    one, two = variant("one"), variant("two")
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(variant("before"))
        found = await at_once(
            coordinator.submit_update(one, ALICE), coordinator.submit_update(two, BOB)
        )
        (refused,) = [result for result in found if isinstance(result, Exception)]
        assert isinstance(refused, RequestRefusedError)
        winner = one if found[1] is refused else two
        assert coordinator.pending_update().manifest == winner


async def test_cancelling_races_the_last_acknowledgement(tmp_path: Path) -> None:
    before, after = variant("before", updaters=ALL[:2]), variant("after", updaters=ALL[:2])
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(before)
        for attempt in range(6):
            await coordinator.submit_update(after, ALICE)
            calls = [coordinator.acknowledge_update(after, BOB), coordinator.cancel_update(ALICE)]
            acknowledged, cancelled = (
                await at_once(*calls) if attempt % 2 else (await at_once(*calls[::-1]))[::-1]
            )
            assert isinstance(acknowledged, NoPendingUpdateError) != isinstance(
                cancelled, NoPendingUpdateError
            )
            applied = not isinstance(acknowledged, Exception)
            assert coordinator.manifest().raw == (after if applied else before)
            if applied:
                before, after = after, before
            with pytest.raises(NoPendingUpdateError):
                coordinator.pending_update()


async def test_a_writer_racing_an_update_is_neither_lost_nor_half_there(tmp_path: Path) -> None:
    roles = {"alice": ["update"], "rita": ["write"]}

    def state(name: str) -> bytes:
        return variant(name, Users=users(roles))

    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(state("0"))
        for attempt in range(1, 5):
            upload = {"text": SecretUpload(key=str(attempt).encode())}
            calls = [
                coordinator.submit_update(state(str(attempt)), ALICE),
                coordinator.write_secrets(upload, RITA),
            ]
            results = await at_once(*calls[:: 1 if attempt % 2 else -1])
            assert not any(isinstance(result, Exception) for result in results)
            stored = (await coordinator.read_secrets(["text"], RITA))["text"]
            assert stored.value.private == str(attempt).encode()
            assert coordinator.manifest().raw == state(str(attempt))


@dataclass
class PausingVerifier:
    """Accepts what the package requires of a version that the quote names, after a pause."""

    pause: Callable[[], Awaitable[object]]
    accepts_software_tee = False
    judged: int = 0

    async def verify(self, request: ActivationRequest, marble: Marble, manifest: Manifest) -> None:
        """Judge by the manifest's SecurityVersion."""
        required = manifest.packages[marble.package].security_version or 0
        if int(request.quote or b"99") < required:
            raise VerificationError("too old")
        self.judged += 1
        await self.pause()

    async def appraise(self, evidence: bytes, whose: str) -> Report:
        """Refuse."""
        raise VerificationError("not here")

    async def keep_current(self) -> None:
        """Do nothing."""


def of_version(version: int) -> ActivationRequest:
    plain = request()
    return ActivationRequest(
        str(version).encode(), plain.csr, plain.marble_type, plain.uuid, plain.peer_certificate
    )


def between(coordinator: list[Coordinator], change: bytes, user: bytes) -> PausingVerifier:
    """Return a verifier during whose first judgement an update comes."""

    async def update_once() -> None:
        if verifier.judged == 1:
            await coordinator[0].submit_update(change, user)

    verifier = PausingVerifier(update_once)
    return verifier


@pytest.mark.parametrize("limit", [0, 5])
async def test_evidence_is_judged_again_after_an_update_of_packages(
    tmp_path: Path, limit: int
) -> None:
    opened: list[Coordinator] = []
    verifier = between(opened, raised(5), RITA)
    async with coordinator_in(tmp_path, verifier=verifier) as coordinator:
        opened.append(coordinator)
        await coordinator.set_manifest(variant("m", limit=limit))
        with pytest.raises(VerificationError, match="too old"):
            await coordinator.activate(of_version(4))
        assert served(coordinator).deployment.activations == {}
        assert (await coordinator.activate(of_version(5))).env["NAME"] == b"m"


@pytest.mark.parametrize("limit", [0, 5])
async def test_parameters_are_of_the_manifest_that_evidence_was_judged_by(
    tmp_path: Path, limit: int
) -> None:
    opened: list[Coordinator] = []
    after = variant("after", updaters=("alice",), limit=limit)
    verifier = between(opened, after, ALICE)
    async with coordinator_in(tmp_path, verifier=verifier) as coordinator:
        opened.append(coordinator)
        await coordinator.set_manifest(variant("before", updaters=("alice",), limit=limit))
        parameters = await coordinator.activate(request())
        assert verifier.judged == 2
        assert parameters.env["NAME"] == b"after"
        root = parameters.env["MARBLE_PREDEFINED_ROOT_CA"]
        assert root.decode() == served(coordinator).authority.marble_root
        key = served(coordinator).deployment.secrets["key"].private
        assert parameters.env["KEY"].decode() == key.hex()


@pytest.mark.parametrize("limit", [0, 5])
async def test_an_update_that_lifts_or_sets_the_limit_meanwhile_counts(
    tmp_path: Path, limit: int
) -> None:
    opened: list[Coordinator] = []
    after = variant("after", updaters=("alice",), limit=5 - limit)
    verifier = between(opened, after, ALICE)
    async with coordinator_in(tmp_path, verifier=verifier) as coordinator:
        opened.append(coordinator)
        await coordinator.set_manifest(variant("before", updaters=("alice",), limit=limit))
        await coordinator.activate(request())
        counted = served(coordinator).deployment.activations.get("frontend", 0)
        assert counted == (0 if limit else 1)


async def test_updates_without_end_do_not_hold_a_marble_for_ever(tmp_path: Path) -> None:
    async def update() -> None:
        await coordinator.submit_update(raised(3 + verifier.judged), RITA)

    verifier = PausingVerifier(update)
    async with coordinator_in(tmp_path, verifier=verifier) as coordinator:
        await coordinator.set_manifest(variant("m"))
        with pytest.raises(UnavailableError, match="try again"):
            await coordinator.activate(request())
        assert verifier.judged == MAX_ATTEMPTS


async def test_a_slow_activation_that_an_update_overtakes_is_made_anew(tmp_path: Path) -> None:
    """Generating RSA keys takes long enough for an update to come in between."""
    rsa = {"rsa": {"Type": "cert-rsa", "Size": 3072}}
    env = {"NAME": "{{ hex .Secrets.key }}", "RSA": "{{ hex .Secrets.rsa }}"}

    def slow(rotate: bool) -> bytes:
        config = {"RotateRootSecret": rotate}
        return updatable("alice", env=env, Secrets={**rsa, **KEY}, Config=config)

    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(slow(rotate=False))
        activation = asyncio.create_task(coordinator.activate(request()))
        await coordinator.submit_update(slow(rotate=True), ALICE)
        overtaken = not activation.done()
        parameters = await activation
        if overtaken:
            root = parameters.env["MARBLE_PREDEFINED_ROOT_CA"].decode()
            assert root == served(coordinator).authority.marble_root


async def test_everything_at_once(tmp_path: Path) -> None:
    """No update is lost, no activation exceeds the budget, and all of it survives a restart."""
    limit, versions = 12, range(4, 10)
    activated: list[MarbleParameters] = []
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(variant("0", updaters=("alice",), limit=limit))

        async def activate() -> None:
            activated.append(await coordinator.activate(request()))

        calls: list[Coroutine[Any, Any, Any]] = [activate() for _ in range(2 * limit)]
        calls += [coordinator.submit_update(raised(version), RITA) for version in versions]
        manifests = [variant(str(n), updaters=("alice",), limit=limit) for n in range(1, 4)]
        calls += [coordinator.submit_update(raw, ALICE) for raw in manifests]
        await at_once(*calls[::3], *calls[1::3], *calls[2::3])
        deployment = served(coordinator).deployment
        assert deployment.activations == {"frontend": len(activated)}
        assert len(activated) <= limit
        assert coordinator.manifest().raw in manifests
        log = coordinator.update_log()
        assert sum("Manifest update applied" in entry for entry in log) == len(manifests)
    async with coordinator_in(tmp_path) as coordinator:
        assert served(coordinator).deployment == deployment
        assert coordinator.update_log() == log
