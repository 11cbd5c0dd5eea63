"""Recovery as operators see it: the real server over HTTPS, kill -9, lost files, new starts."""

from __future__ import annotations

import base64
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.support.coordinator_process import CoordinatorProcess, coordinator_process
from tests.support.deployments import RecoveryKey, manifest
from tests.support.people import role
from tests.support.user_client import UserClient

OWNERS = {name: RecoveryKey() for name in ("alice", "bob", "carol")}
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label=None)
UUID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
ENV = {"OWN": "{{ base64 .Secrets.own }}", "SHARED": "{{ base64 .Secrets.shared }}"}
SECRETS = {
    "own": {"Type": "symmetric-key", "Size": 128},
    "shared": {"Type": "symmetric-key", "Size": 128, "Shared": True},
}


def raw_manifest(owners: Sequence[str], threshold: int = 0, **more: Any) -> bytes:
    keys = {name: OWNERS[name].public_pem for name in owners}
    config = {"RecoveryThreshold": threshold}
    limit = {"MaxActivations": 50}
    sections = {"RecoveryKeys": keys, "Config": config, "Secrets": SECRETS, **more}
    return manifest(env=ENV, marble=limit, **sections)


def state_of(coordinator: CoordinatorProcess) -> int:
    code = coordinator.call("GET", "/api/v2/status")["data"]["code"]
    assert isinstance(code, int)
    return code


def root_of(coordinator: CoordinatorProcess) -> str:
    chain: str = coordinator.call("GET", "/api/v2/quote")["data"]["cert"]
    return chain[chain.rindex("-----BEGIN") :]


def received(coordinator: CoordinatorProcess) -> Mapping[str, bytes]:
    """What a certain Marble gets for each of its activations, and its certificate's issuer."""
    environment = coordinator.activate("frontend", UUID).environment
    chain = environment["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"]
    root = environment["MARBLE_PREDEFINED_ROOT_CA"]
    leaf, issuer = x509.load_pem_x509_certificates(chain)[:2]
    leaf.verify_directly_issued_by(issuer)
    x509.load_pem_x509_certificate(root)
    return {"own": environment["OWN"], "shared": environment["SHARED"], "root": root}


def plain(accepted: Mapping[str, Any]) -> dict[str, bytes]:
    """What the owners keep: their secrets, decrypted."""
    data = accepted["data"]
    secrets = data.get("RecoverySecrets") or data["recoverySecrets"]  # of a manifest, an update
    return {
        name: OWNERS[name].private.decrypt(base64.b64decode(secret), OAEP)
        for name, secret in secrets.items()
    }


def hand_in(coordinator: CoordinatorProcess, owner: str, secret: bytes) -> dict[str, Any]:
    signature = OWNERS[owner].private.sign(secret, padding.PKCS1v15(), hashes.SHA256())
    body = {
        "recoverySecret": base64.b64encode(secret).decode(),
        "recoverySecretSignature": base64.b64encode(signature).decode(),
    }
    return coordinator.call("POST", "/api/v2/recover", body)


@pytest.mark.parametrize(
    ("owners", "threshold", "remaining"),
    [
        (["alice"], 0, [0]),
        (["alice", "bob", "carol"], 0, [2, 1, 0]),
        (["alice", "bob", "carol"], 2, [2, 0]),
    ],
    ids=["one", "all of three", "two of three"],
)
def test_recovery(tmp_path: Path, owners: list[str], threshold: int, remaining: list[int]) -> None:
    state = tmp_path / "state"
    with coordinator_process(state) as coordinator:
        secrets = plain(coordinator.set_manifest(raw_manifest(owners, threshold)))
        root, before = root_of(coordinator), received(coordinator)
        coordinator.end(signal.SIGKILL)
    (state / "sealed_key").unlink()
    with coordinator_process(state) as coordinator:
        assert state_of(coordinator) == 1
        assert root_of(coordinator) != root
        for name, expected in zip(owners, remaining, strict=False):
            assert state_of(coordinator) == 1
            answer = hand_in(coordinator, name, secrets[name])
            assert answer["data"]["remaining"] == expected
        assert state_of(coordinator) == 3
        assert root_of(coordinator) == root
        assert received(coordinator) == before
        assert hand_in(coordinator, "alice", secrets["alice"])["status"] == "error"
        coordinator.end(signal.SIGKILL)
    with coordinator_process(state) as coordinator:  # and needs nobody now
        assert state_of(coordinator) == 3
        assert root_of(coordinator) == root
        assert received(coordinator) == before


def test_mistakes_cost_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with coordinator_process(state) as coordinator:
        secrets = plain(coordinator.set_manifest(raw_manifest(["alice", "bob"])))
        coordinator.end(signal.SIGKILL)
    (state / "sealed_key").write_bytes(b"of another host")
    data = (state / "sealed_data").read_bytes()
    with coordinator_process(state) as coordinator:
        assert "belongs to no recovery key" in hand_in(coordinator, "alice", bytes(32))["message"]
        hand_in(coordinator, "alice", secrets["alice"])
        again = hand_in(coordinator, "alice", secrets["alice"])
        assert "handed in before" in again["message"]
        foreign = hand_in(coordinator, "alice", secrets["bob"])  # bob's secret, signed by alice
        assert "signature over recovery secret 2" in foreign["message"]
        assert (state / "sealed_data").read_bytes() == data
        assert hand_in(coordinator, "bob", secrets["bob"])["data"]["remaining"] == 0
        assert state_of(coordinator) == 3
        for line in coordinator.output:
            assert not any(base64.b64encode(secret).decode() in line for secret in secrets.values())


def test_new_manifest_gives_the_old_state_up(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with coordinator_process(state) as coordinator:
        secrets = plain(coordinator.set_manifest(raw_manifest(["alice", "bob"])))
        root = root_of(coordinator)
        coordinator.end(signal.SIGKILL)
    (state / "sealed_key").unlink()
    with coordinator_process(state) as coordinator:
        hand_in(coordinator, "alice", secrets["alice"])
        coordinator.set_manifest(raw_manifest(["carol"]))
        assert state_of(coordinator) == 3
        refused = hand_in(coordinator, "bob", secrets["bob"])
        assert "server is not in expected state" in refused["message"]
        assert root_of(coordinator) != root


async def test_update_of_the_recovery_keys_makes_old_secrets_worthless(tmp_path: Path) -> None:
    state, user = tmp_path / "state", UserClient("operator", tmp_path)
    users: dict[str, Any] = {
        "Users": {"operator": user.definition("updater")},
        "Roles": {"updater": role("Manifest", [], "UpdateManifest")},
    }
    with coordinator_process(state) as coordinator:
        old = plain(coordinator.set_manifest(raw_manifest(["alice", "bob"], **users)))
        _, user.port = coordinator.client_address
        answer = await user.update(raw_manifest(["bob", "carol"], **users))
        new = plain(answer.json)
        coordinator.end(signal.SIGKILL)
    (state / "sealed_key").unlink()
    with coordinator_process(state) as coordinator:
        for name, secret in old.items():
            refused = hand_in(coordinator, name, secret)
            assert "belongs to no recovery key" in refused["message"]
        for name, secret in new.items():
            assert hand_in(coordinator, name, secret)["status"] == "success"
        assert state_of(coordinator) == 3


def test_changes_that_are_missing_are_told_before_a_recovery(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with coordinator_process(state) as coordinator:
        secrets = plain(coordinator.set_manifest(raw_manifest(["alice"])))
        backup = (state / "sealed_data").read_bytes()
        received(coordinator)
        coordinator.end(signal.SIGKILL)
    (state / "sealed_data").write_bytes(backup)
    with coordinator_process(state) as coordinator:
        assert state_of(coordinator) == 1
        refused = hand_in(coordinator, "alice", secrets["alice"])
        assert "sealed_data is older than sealed_key" in refused["message"]
        assert "To recover what is there on purpose, remove sealed_key" in refused["message"]
    (state / "sealed_key").unlink()
    with coordinator_process(state) as coordinator:
        assert hand_in(coordinator, "alice", secrets["alice"])["data"]["remaining"] == 0


def test_state_that_is_not_kept_needs_no_recovery(tmp_path: Path) -> None:
    state = tmp_path / "state"
    disabled = raw_manifest(["alice"], Config={"SealMode": "Disabled"})
    with coordinator_process(state) as coordinator:
        coordinator.set_manifest(disabled)
        received(coordinator)
        coordinator.end(signal.SIGKILL)
    assert {path.name for path in state.iterdir()} <= {"lock", "collateral"}
    with coordinator_process(state) as coordinator:
        assert state_of(coordinator) == 2
