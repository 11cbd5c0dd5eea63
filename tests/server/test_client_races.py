"""Users and Marbles at the same time, at a real Coordinator: whatever comes first, all fits."""

from __future__ import annotations

import asyncio
import json
import ssl
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.support.coordinator_process import CoordinatorProcess, coordinator_process
from tests.support.deployments import manifest
from tests.support.raw_http1 import Answer
from tests.support.user_client import UserClient, envelope, upload

PACKAGES = {
    "frontend": {"SignerID": "aa" * 32, "ProductID": 1, "SecurityVersion": 1, "Debug": True}
}


@dataclass
class Deployment:
    """A Coordinator whose manifest names three users."""

    process: CoordinatorProcess
    alice: UserClient
    bob: UserClient
    carol: UserClient
    sections: dict[str, Any]

    def manifest(self, revision: str, **config: Any) -> bytes:
        """Return a manifest that Marbles can tell from others."""
        return manifest(env={"REVISION": revision}, **self.sections, Config=config)

    async def revision(self) -> str:
        """Return which manifest is in force."""
        answer = await self.alice.ask("GET", "/manifest")
        raw = json.loads(_decoded(answer.json["data"]["Manifest"]))
        revision: str = raw["Marbles"]["frontend"]["Parameters"]["Env"]["REVISION"]
        return revision

    async def log(self) -> list[str]:
        """Return what happened."""
        answer = await self.alice.ask("GET", "/api/v2/update")
        return [json.loads(entry)["update"] for entry in answer.json["data"]["updateLog"]]

    async def holders(self, *names: str, revision: str = "0") -> None:
        """Set the manifest; those named must acknowledge updates."""
        users = {"alice": self.alice, "bob": self.bob, "carol": self.carol}
        self.sections["Users"] = {
            name: user.definition("all", *(["manifest"] if name in names else []))
            for name, user in users.items()
        }
        raw = self.manifest(revision)
        assert (await asyncio.to_thread(self.process.set_manifest, raw))["status"] == "success"


def _decoded(text: str) -> bytes:
    return b64decode(text)


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    alice, bob, carol = (UserClient(name, tmp_path) for name in ("alice", "bob", "carol"))
    roles = {
        "all": {
            "ResourceType": "Secrets",
            "ResourceNames": ["token"],
            "Actions": ["ReadSecret", "WriteSecret"],
        },
        "packages": {
            "ResourceType": "Packages",
            "ResourceNames": ["frontend"],
            "Actions": ["UpdateSecurityVersion"],
        },
        "manifest": {"ResourceType": "Manifest", "Actions": ["UpdateManifest"]},
    }
    secrets = {"token": {"Type": "plain", "UserDefined": True}}
    sections = {"Packages": PACKAGES, "Roles": roles, "Secrets": secrets}
    with coordinator_process(tmp_path / "state") as process:
        for user in (alice, bob, carol):
            user.port = process.client_address[1]
        yield Deployment(process, alice, bob, carol, sections)


def statuses(*answers: Answer) -> list[int]:
    return sorted(answer.status for answer in answers)


async def test_two_users_acknowledge_at_once(deployment: Deployment) -> None:
    await deployment.holders("alice", "bob", "carol")
    new = deployment.manifest("1")
    assert (await deployment.alice.update(new)).json["data"]["missingAcknowledgments"] == 2
    answers = await asyncio.gather(
        deployment.bob.acknowledge(new), deployment.carol.acknowledge(new)
    )
    missing = [answer.json["data"]["missingAcknowledgments"] for answer in answers]
    assert sorted(missing) == [0, 1]
    assert await deployment.revision() == "1"
    assert (await deployment.log()).count("Manifest update applied") == 1


async def test_one_user_acknowledging_many_times_counts_once(deployment: Deployment) -> None:
    await deployment.holders("alice", "bob", "carol")
    new = deployment.manifest("1")
    await deployment.alice.update(new)
    answers = await asyncio.gather(*(deployment.bob.acknowledge(new) for _ in range(10)))
    assert statuses(*answers) == [200] * 10
    pending = await deployment.alice.ask("GET", "/api/v2/update-manifest")
    assert pending.json["data"]["missingUsers"] == ["carol"]
    assert await deployment.revision() == "0"


async def test_cancelling_races_the_last_acknowledgement(deployment: Deployment) -> None:
    await deployment.holders("alice", "bob")
    for attempt in range(1, 6):
        before = await deployment.revision()
        new = deployment.manifest(str(attempt))
        assert (await deployment.alice.update(new)).status == 200
        acknowledged, cancelled = await asyncio.gather(
            deployment.bob.acknowledge(new),
            deployment.alice.ask("POST", "/api/v2/update-cancel"),
        )
        assert statuses(acknowledged, cancelled) == [200, 404]
        won = acknowledged.status == 200
        assert await deployment.revision() == (str(attempt) if won else before)
        pending = await deployment.alice.ask("GET", "/api/v2/update-manifest")
        assert pending.status == 404


async def test_of_many_submissions_at_once_one_is_pending(deployment: Deployment) -> None:
    await deployment.holders("alice", "bob", "carol")
    users = (deployment.alice, deployment.bob, deployment.carol)
    submitted = {user.name: deployment.manifest(user.name) for user in users}
    answers = await asyncio.gather(*(user.update(submitted[user.name]) for user in users))
    assert statuses(*answers) == [200, 500, 500]
    [winner] = [user for user, answer in zip(users, answers, strict=True) if answer.status == 200]
    pending = (await winner.ask("GET", "/api/v2/update-manifest")).json["data"]
    assert pending["manifest"] == b64encode(submitted[winner.name]).decode()
    assert winner.name not in pending["missingUsers"]


async def test_a_writer_races_updates(deployment: Deployment) -> None:
    await deployment.holders("alice")
    for attempt in range(1, 6):
        value = f"value {attempt}".encode()
        updated, written, _ = await asyncio.gather(
            deployment.alice.update(deployment.manifest(str(attempt))),
            deployment.bob.write("token", value),
            deployment.carol.read("token") if attempt > 1 else asyncio.sleep(0),
        )
        assert statuses(updated, written) == [200, 200]
        assert await deployment.alice.read("token") == b64encode(value).decode()
        assert await deployment.revision() == str(attempt)
    assert (await deployment.log()).count("Secret set") == 5


async def test_writers_race_each_other(deployment: Deployment) -> None:
    await deployment.holders("alice")
    values = [f"value {number}".encode() for number in range(12)]
    users = (deployment.alice, deployment.bob, deployment.carol)
    answers = await asyncio.gather(
        *(users[number % 3].write("token", value) for number, value in enumerate(values))
    )
    assert statuses(*answers) == [200] * len(values)
    assert await deployment.alice.read("token") in {b64encode(v).decode() for v in values}
    assert (await deployment.log()).count("Secret set") == len(values)


async def test_activations_race_updates(deployment: Deployment) -> None:
    await deployment.holders("alice")

    async def activate() -> None:
        first = int(await deployment.revision())
        parameters = await asyncio.to_thread(deployment.process.activate, "frontend")
        last = int(await deployment.revision())
        environment = {name: value.decode() for name, value in parameters.environment.items()}
        assert first <= int(environment["REVISION"]) <= last
        chain = environment["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"].encode()
        leaf = x509.load_pem_x509_certificates(chain)[0]
        root = environment["MARBLE_PREDEFINED_ROOT_CA"].encode()
        leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(root))

    async def update() -> None:
        for attempt in range(1, 8):
            assert (await deployment.alice.update(deployment.manifest(str(attempt)))).status == 200

    await asyncio.gather(update(), *(activate() for _ in range(8)))


async def test_the_new_identity_is_presented_at_once(deployment: Deployment) -> None:
    host, port = deployment.process.mesh_address.split(":")

    async def presented(address: tuple[str, int]) -> x509.Certificate:
        pem = await asyncio.to_thread(ssl.get_server_certificate, address)
        return x509.load_pem_x509_certificate(pem.encode())

    await deployment.holders("alice")
    mesh, client = (host, int(port)), deployment.process.client_address
    root = await presented(client)
    seen = {await presented(mesh)}
    for attempt in range(1, 4):
        assert (await deployment.alice.update(deployment.manifest(str(attempt)))).status == 200
        now = await presented(mesh)
        assert now not in seen
        seen.add(now)
        assert await presented(client) == root


@pytest.mark.parametrize("after", [0.0, 0.001, 0.005, 0.02, 0.1])
async def test_hanging_up_while_something_changes(deployment: Deployment, after: float) -> None:
    """Either all of it happens or nothing, perhaps after a while; asking again does no harm."""
    await deployment.holders("alice", "bob")
    await deployment.alice.write("token", b"before")
    await deployment.alice.hang_up("/api/v2/secrets", upload("token", b"after"), after=after)
    values = {b64encode(value).decode() for value in (b"before", b"after")}
    assert await deployment.alice.read("token") in values
    new = deployment.manifest("1")
    await deployment.alice.hang_up("/api/v2/update", envelope(new), after=after)
    assert (await deployment.alice.update(new)).status in (200, 500)  # 500: it is pending already
    pending = await deployment.bob.ask("GET", "/api/v2/update-manifest")
    assert pending.json["data"]["manifest"] == b64encode(new).decode()
    assert pending.json["data"]["missingUsers"] == ["bob"]
    await deployment.bob.hang_up("/api/v2/update-manifest", envelope(new), after=after)
    assert (await deployment.bob.acknowledge(new)).status in (200, 404)  # 404: it is in force
    assert await deployment.revision() == "1"
    assert (await deployment.log()).count("Manifest update applied") == 1
    assert await deployment.alice.read("token") in values


async def test_half_a_request_changes_nothing(deployment: Deployment) -> None:
    await deployment.holders("alice")
    await deployment.alice.write("token", b"before")
    for part in (0.1, 0.5, 0.99):
        await deployment.alice.hang_up("/api/v2/secrets", upload("token", b"after"), part=part)
        new = deployment.manifest("1")
        await deployment.alice.hang_up("/api/v2/update", envelope(new), part=part)
    await asyncio.sleep(0.1)
    assert await deployment.alice.read("token") == b64encode(b"before").decode()
    assert await deployment.revision() == "0"


@pytest.mark.parametrize("after", [0.0, 0.005, 0.1])
async def test_hanging_up_while_the_manifest_is_set(deployment: Deployment, after: float) -> None:
    deployment.sections["Users"] = {"alice": deployment.alice.definition("all")}
    raw = deployment.manifest("0")
    await deployment.alice.hang_up("/api/v2/manifest", envelope(raw), after=after)
    answer = await asyncio.to_thread(deployment.process.set_manifest, raw)
    if answer["status"] == "error":
        assert answer["message"].startswith("server is not in expected state")
    assert await deployment.revision() == "0"
    assert (await deployment.log()) == ["Initial manifest set"]
    assert (await deployment.alice.write("token", b"value")).status == 200
