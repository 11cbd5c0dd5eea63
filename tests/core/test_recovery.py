"""Recovery by one owner, by all, by some: through the core, with real files."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import combinations
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from ringtaw_coordinator.core.api import State
from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.errors import (
    RecoverySecretError,
    RequestRefusedError,
    StateError,
    StoreError,
)

from tests.support.deployments import RecoveryKey, coordinator_in, manifest, request
from tests.support.disks import FailingFiles

OWNERS = {name: RecoveryKey() for name in ("alice", "bob", "carol")}
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label=None)
LIMITED = {"MaxActivations": 9}


def with_owners(*names: str, threshold: int = 0) -> bytes:
    keys = {name: OWNERS[name].public_pem for name in names}
    return manifest(marble=LIMITED, RecoveryKeys=keys, Config={"RecoveryThreshold": threshold})


def sign(name: str, secret: bytes) -> bytes:
    return OWNERS[name].private.sign(secret, padding.PKCS1v15(), hashes.SHA256())


class Lost:
    """A deployment whose sealed key is gone, and what its owners kept."""

    def __init__(self, directory: Path, raw: bytes, root: bytes, kept: Mapping[str, bytes]) -> None:
        self.directory = directory
        self.raw = raw
        self.root = root
        self.secrets = {
            name: OWNERS[name].private.decrypt(secret, OAEP) for name, secret in kept.items()
        }

    async def hand_in(self, coordinator: Coordinator, name: str) -> int:
        secret = self.secrets[name]
        return (await coordinator.recover(secret, sign(name, secret))).remaining


async def lose(directory: Path, raw: bytes) -> Lost:
    async with coordinator_in(directory) as coordinator:
        accepted = await coordinator.set_manifest(raw)
        root = coordinator.client_identity.chain[-1]
        for _ in range(2):
            await coordinator.activate(request())
    (directory / "sealed_key").unlink()
    return Lost(directory, raw, root, accepted.recovery_secrets)


@asynccontextmanager
async def recovering(lost: Lost) -> AsyncIterator[Coordinator]:
    async with coordinator_in(lost.directory) as coordinator:
        assert coordinator.status().state is State.RECOVERY
        assert coordinator.client_identity.chain[-1] != lost.root
        yield coordinator


async def check_recovered(lost: Lost, coordinator: Coordinator) -> None:
    assert coordinator.status().state is State.ACCEPTING_MARBLES
    assert coordinator.manifest().raw == lost.raw
    assert coordinator.client_identity.chain[-1] == lost.root
    with pytest.raises(StateError, match="server is not in expected state"):
        await coordinator.recover(b"", b"")


async def check_lasting(lost: Lost) -> None:
    """The next start needs nobody, and the count of activations is what it was."""
    async with coordinator_in(lost.directory) as coordinator:
        await check_recovered(lost, coordinator)
        for _ in range(7):
            await coordinator.activate(request())
        with pytest.raises(Exception, match="activated 9 times"):
            await coordinator.activate(request())


async def test_by_one(tmp_path: Path) -> None:
    lost = await lose(tmp_path, with_owners("alice"))
    told: list[bytes] = []
    async with recovering(lost) as coordinator:
        coordinator.on_identity_change(lambda: told.append(coordinator.client_identity.chain[-1]))
        assert await lost.hand_in(coordinator, "alice") == 0
        await check_recovered(lost, coordinator)
        await coordinator.activate(request())
    assert told == [lost.root]


async def test_by_all(tmp_path: Path) -> None:
    lost = await lose(tmp_path, with_owners("alice", "bob", "carol"))
    async with recovering(lost) as coordinator:
        assert await lost.hand_in(coordinator, "carol") == 2
        assert await lost.hand_in(coordinator, "alice") == 1
        assert coordinator.status().state is State.RECOVERY
        assert "needed: 3, handed in since the last start: 2" in coordinator.status().message
        assert await lost.hand_in(coordinator, "bob") == 0
        await check_recovered(lost, coordinator)
    await check_lasting(lost)


async def test_by_any_two_of_three(tmp_path: Path) -> None:
    lost = await lose(tmp_path / "lost", with_owners("alice", "bob", "carol", threshold=2))
    for number, (first, second) in enumerate(combinations(OWNERS, 2)):
        directory = tmp_path / str(number)
        shutil.copytree(tmp_path / "lost", directory)
        lost.directory = directory
        async with recovering(lost) as coordinator:
            assert await lost.hand_in(coordinator, first) == 2
            assert await lost.hand_in(coordinator, second) == 0
            await check_recovered(lost, coordinator)
        await check_lasting(lost)


async def test_secrets_encrypted_for_this_recovery(tmp_path: Path) -> None:
    lost = await lose(tmp_path, with_owners("alice", "bob"))
    async with recovering(lost) as coordinator:
        with pytest.raises(RecoverySecretError, match="neither in plain"):
            await coordinator.recover(bytes(512), b"")
        der = await coordinator.recovery_public_key()
        assert await coordinator.recovery_public_key() == der
        key = load_der_public_key(der)
        assert isinstance(key, rsa.RSAPublicKey)
        assert key.key_size == 4096
        for name, remaining in (("alice", 1), ("bob", 0)):
            secret = lost.secrets[name]
            progress = await coordinator.recover(key.encrypt(secret, OAEP), sign(name, secret))
            assert progress.remaining == remaining
        await check_recovered(lost, coordinator)


@pytest.mark.parametrize("threshold", [0, 2])
async def test_mistakes_spoil_nothing(tmp_path: Path, threshold: int) -> None:
    lost = await lose(tmp_path, with_owners("alice", "bob", "carol", threshold=threshold))
    names = ["alice", "bob", "carol"] if threshold == 0 else ["alice", "bob"]
    async with recovering(lost) as coordinator:
        for length in (16, 32, 33):
            with pytest.raises(RequestRefusedError, match="belongs to no recovery key"):
                await coordinator.recover(bytes(length), b"")
        for length in (0, 31, 34, 511, 20_000):
            with pytest.raises(RecoverySecretError):
                await coordinator.recover(bytes(length), b"")
        await lost.hand_in(coordinator, "alice")
        with pytest.raises(RequestRefusedError, match="has been handed in before"):
            await lost.hand_in(coordinator, "alice")
        for name in names[1:-1]:
            await lost.hand_in(coordinator, name)
        last = lost.secrets[names[-1]]
        for signature in (b"", bytes(256), sign("alice", last), sign(names[-1], b"other")):
            with pytest.raises(RequestRefusedError, match="signature over recovery secret"):
                await coordinator.recover(last, signature)
        assert coordinator.status().state is State.RECOVERY
        assert await lost.hand_in(coordinator, names[-1]) == 0
        await check_recovered(lost, coordinator)


async def test_wrong_signature_is_found_in_the_end_and_named(tmp_path: Path) -> None:
    lost = await lose(tmp_path, with_owners("alice", "bob", "carol"))
    async with recovering(lost) as coordinator:
        assert await lost.hand_in(coordinator, "alice") == 2
        bobs = lost.secrets["bob"]
        assert (await coordinator.recover(bobs, sign("alice", bobs))).remaining == 1
        with pytest.raises(RequestRefusedError, match="signature over recovery secret 2 "):
            await lost.hand_in(coordinator, "carol")
        with pytest.raises(RequestRefusedError, match="has been handed in before"):
            await lost.hand_in(coordinator, "carol")  # hers was right, and is kept
        assert await lost.hand_in(coordinator, "bob") == 0
        await check_recovered(lost, coordinator)


async def test_one_owner_cannot_sign_for_another(tmp_path: Path) -> None:
    lost = await lose(tmp_path, with_owners("alice", "bob"))
    async with recovering(lost) as coordinator:
        await lost.hand_in(coordinator, "alice")
        secret = lost.secrets["bob"]
        with pytest.raises(RequestRefusedError, match="is not its owner's"):
            await coordinator.recover(secret, sign("alice", secret))


async def test_missing_changes_are_told_of_by_a_key_of_another_host(tmp_path: Path) -> None:
    """It cannot be opened here, and says nevertheless how much there was."""
    raw = with_owners("alice")
    async with coordinator_in(tmp_path) as coordinator:
        kept = (await coordinator.set_manifest(raw)).recovery_secrets
        lost = Lost(tmp_path, raw, coordinator.client_identity.chain[-1], kept)
        backup = (tmp_path / "sealed_data").read_bytes()
        await coordinator.activate(request())
    (tmp_path / "sealed_data").write_bytes(backup)
    key = (tmp_path / "sealed_key").read_text()
    (tmp_path / "sealed_key").write_text(re.sub(r'"key": "[^"]*"', '"key": "AAAA"', key))
    async with recovering(lost) as coordinator:
        with pytest.raises(RequestRefusedError, match="1 changes that sealed_key tells of"):
            await lost.hand_in(coordinator, "alice")
        assert "sealed_key is damaged. Recover it" in coordinator.status().message
        (tmp_path / "sealed_key").unlink()
    async with recovering(lost) as coordinator:
        assert await lost.hand_in(coordinator, "alice") == 0


async def test_a_restart_forgets_what_was_handed_in(tmp_path: Path) -> None:
    lost = await lose(tmp_path, with_owners("alice", "bob"))
    for name in ("alice", "bob"):
        async with recovering(lost) as coordinator:
            assert "needed: 2, handed in since the last start: 0" in coordinator.status().message
            assert await lost.hand_in(coordinator, name) == 1


async def test_state_without_owners_says_so(tmp_path: Path) -> None:
    lost = await lose(tmp_path, manifest(marble=LIMITED))
    async with recovering(lost) as coordinator:
        with pytest.raises(StateError, match="it has no recovery keys"):
            await coordinator.recover(bytes(32), b"")
        with pytest.raises(StateError, match="it has no recovery keys"):
            await coordinator.recovery_public_key()
        await coordinator.set_manifest(with_owners("alice"))


async def test_nothing_to_recover(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        with pytest.raises(StateError, match="server is not in expected state"):
            await coordinator.recover(bytes(32), b"")
        await coordinator.set_manifest(with_owners("alice"))
        with pytest.raises(StateError, match="server is not in expected state"):
            await coordinator.recovery_public_key()


async def test_damaged_state_is_not_recovered_and_not_overwritten(tmp_path: Path) -> None:
    lost = await lose(tmp_path, with_owners("alice"))
    data = bytearray((tmp_path / "sealed_data").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "sealed_data").write_bytes(data)
    async with recovering(lost) as coordinator:
        with pytest.raises(RequestRefusedError, match=r"the state cannot be recovered: .*damaged"):
            await lost.hand_in(coordinator, "alice")
    assert (tmp_path / "sealed_data").read_bytes() == data


async def test_disk_that_is_full_leaves_the_recovery_as_it_was(tmp_path: Path) -> None:
    lost = await lose(tmp_path, with_owners("alice", "bob"))
    files = FailingFiles(0)
    async with coordinator_in(tmp_path, files=files) as coordinator:
        assert await lost.hand_in(coordinator, "bob") == 1
        files.failing = len(files.steps) + 2
        with pytest.raises(StoreError, match="No space left"):
            await lost.hand_in(coordinator, "alice")
        assert coordinator.status().state is State.RECOVERY
        assert await lost.hand_in(coordinator, "alice") == 0
        await check_recovered(lost, coordinator)
    await check_lasting(lost)


async def test_backup_with_older_changes_is_recovered(tmp_path: Path) -> None:
    """``sealed_data`` and the recovery keys are a full backup."""
    lost = await lose(tmp_path / "first", with_owners("alice"))
    backup = (tmp_path / "first" / "sealed_data").read_bytes()
    async with recovering(lost) as coordinator:
        await lost.hand_in(coordinator, "alice")
        await coordinator.activate(request())
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "sealed_data").write_bytes(backup)
    lost.directory = tmp_path / "second"
    async with recovering(lost) as coordinator:
        await lost.hand_in(coordinator, "alice")
    await check_lasting(lost)


async def test_new_manifest_instead(tmp_path: Path) -> None:
    lost = await lose(tmp_path, with_owners("alice", "bob"))
    async with recovering(lost) as coordinator:
        await lost.hand_in(coordinator, "alice")
        await coordinator.set_manifest(manifest())
        with pytest.raises(StateError):
            await lost.hand_in(coordinator, "bob")
