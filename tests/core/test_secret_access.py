"""Secrets in the hands of users."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from ringtaw_coordinator.core.api import SecretUpload
from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.errors import (
    ActivationError,
    ForbiddenError,
    RequestRefusedError,
    StateError,
    StoreError,
    UnauthorizedError,
)
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_testkit.identities import self_signed

from tests.support.deployments import coordinator_in, manifest, request
from tests.support.disks import FailingFiles
from tests.support.people import person, role, served, users

SECRETS: dict[str, Any] = {
    "plain": {"Type": "plain", "UserDefined": True},
    "text": {"Type": "plain", "UserDefined": True},
    "key": {"Type": "symmetric-key", "Size": 128, "UserDefined": True},
    "sizeless": {"Type": "symmetric-key", "UserDefined": True},
    "rsa": {"Type": "cert-rsa", "Size": 2048, "UserDefined": True},
    "ed": {"Type": "cert-ed25519", "UserDefined": True},
    "shown": {"Type": "cert-ecdsa", "Size": 256, "UserDefined": True},
    "shared": {"Type": "symmetric-key", "Size": 128, "Shared": True},
    "forbidden": {"Type": "plain", "UserDefined": True},
}
OWN = [name for name, secret in SECRETS.items() if "UserDefined" in secret and name != "forbidden"]
MARBLES = {
    "web": {
        "Package": "frontend",
        "Parameters": {
            "Env": {"TEXT": "a {{ string .Secrets.text }}"},
            "Files": {"/key": "{{ pem .Secrets.ed.Private }}"},
        },
    },
    "tls": {"Package": "frontend", "TLS": ["web"]},
    "idle": {"Package": "frontend"},
}
TLS = {"web": {"Incoming": [{"Port": "443", "Cert": "shown", "DisableClientAuth": True}]}}
MANIFEST = manifest(
    Secrets=SECRETS,
    Marbles=MARBLES,
    TLS=TLS,
    Roles={
        "reader": role("Secrets", [*OWN, "shared"], "ReadSecret"),
        "writer": role("Secrets", OWN, "WriteSecret"),
    },
    Users=users({"alice": ["reader", "writer"], "bob": ["reader"], "carol": []}),
)
ALICE, BOB, CAROL = (person(name).der for name in ("alice", "bob", "carol"))
ED = self_signed("ed", key=ed25519.Ed25519PrivateKey.generate())
PKCS8 = ED.identity.private_key


@pytest.fixture
async def coordinator(tmp_path: Path) -> AsyncIterator[Coordinator]:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        yield coordinator


async def value(coordinator: Coordinator, name: str) -> SecretValue:
    return (await coordinator.read_secrets([name], BOB))[name].value


async def test_reading(coordinator: Coordinator) -> None:
    found = await coordinator.read_secrets(["shared", "plain", "shared"], BOB)
    assert set(found) == {"shared", "plain"}
    shared = found["shared"]
    assert len(shared.value.private) == 16
    assert shared.value.public == shared.value.private
    assert (shared.definition.type, shared.definition.size) == ("symmetric-key", 128)
    assert found["plain"].value == SecretValue()  # nobody has set it


async def test_reading_is_all_or_none(coordinator: Coordinator) -> None:
    with pytest.raises(UnauthorizedError, match=r"^unauthorized user"):
        await coordinator.read_secrets(["shared"], b"")
    with pytest.raises(ForbiddenError, match="carol"):
        await coordinator.read_secrets(["shared"], CAROL)
    with pytest.raises(ForbiddenError, match=r'on "forbidden"$'):
        await coordinator.read_secrets(["shared", "forbidden"], BOB)
    with pytest.raises(RequestRefusedError, match='no secret "shred": did you mean "shared"'):
        await coordinator.read_secrets(["shred"], BOB)


async def test_before_a_manifest_nothing_is_read_or_written(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        with pytest.raises(StateError):
            await coordinator.read_secrets(["shared"], BOB)
        with pytest.raises(StateError):
            await coordinator.write_secrets({"plain": SecretUpload(key=b"x")}, ALICE)


async def test_data_is_set_and_survives_a_restart(tmp_path: Path) -> None:
    uploads = {"plain": SecretUpload(key=b"a\0b"), "key": SecretUpload(key=bytes(16))}
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        await coordinator.write_secrets(uploads, ALICE)
    async with coordinator_in(tmp_path) as coordinator:
        plain, key = await value(coordinator, "plain"), await value(coordinator, "key")
        assert plain == SecretValue(public=b"a\0b", private=b"a\0b")
        assert key == SecretValue(public=bytes(16), private=bytes(16))
        await coordinator.write_secrets({"plain": SecretUpload(key=b"")}, ALICE)
        assert await value(coordinator, "plain") == SecretValue()


async def test_a_key_pair_is_stored_as_sent(coordinator: Coordinator) -> None:
    rsa_key = rsa.generate_private_key(65537, 2048)
    owner = self_signed("owner", key=rsa_key, not_after=timedelta(seconds=-1))  # expired, foreign
    pkcs1 = rsa_key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    uploads = {"rsa": SecretUpload(certificate=owner.der, private=pkcs1)}
    await coordinator.write_secrets(uploads, ALICE)
    stored = await value(coordinator, "rsa")
    assert (stored.certificate, stored.private) == (owner.der, pkcs1)
    spki = rsa_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert stored.public == spki
    await coordinator.write_secrets({"rsa": SecretUpload(certificate=owner.der)}, ALICE)
    assert (await value(coordinator, "rsa")).private == b""  # replaced as a whole


REFUSED = [
    ("key", SecretUpload(key=bytes(8)), "declared size and actual size don't match"),
    ("sizeless", SecretUpload(key=bytes(16)), "declared size and actual size don't match"),
    ("key", SecretUpload(), "its Key is missing"),
    ("plain", SecretUpload(), "its Key is missing"),
    ("plain", SecretUpload(key=b"x", certificate=ED.der), "neither Cert nor Private"),
    ("plain", SecretUpload(key=b"x", private=b"x"), "neither Cert nor Private"),
    ("rsa", SecretUpload(key=b"x"), "and no Key"),
    ("rsa", SecretUpload(private=PKCS8), "its Cert is missing"),
    ("rsa", SecretUpload(certificate=b""), "its Cert is missing"),
    ("rsa", SecretUpload(certificate=b"\x30\x03\x02\x01\x01"), "no X.509 certificate in DER"),
    ("rsa", SecretUpload(certificate=ED.pem), "no X.509 certificate in DER"),
    ("shared", SecretUpload(key=bytes(16)), 'permits WriteSecret on "shared"'),
    ("forbidden", SecretUpload(key=b"x"), 'permits WriteSecret on "forbidden"'),
    ("unknown", SecretUpload(key=b"x"), 'no secret "unknown"'),
]


@pytest.mark.parametrize(("name", "upload", "reason"), REFUSED)
async def test_one_bad_upload_spoils_all(
    coordinator: Coordinator, name: str, upload: SecretUpload, reason: str
) -> None:
    before = served(coordinator).deployment
    with pytest.raises((RequestRefusedError, ForbiddenError), match=reason) as caught:
        await coordinator.write_secrets({"text": SecretUpload(key=b"fine"), name: upload}, ALICE)
    assert name in str(caught.value)
    assert served(coordinator).deployment is before


async def test_nothing_to_set_is_refused(coordinator: Coordinator) -> None:
    with pytest.raises(RequestRefusedError, match="no secret to set"):
        await coordinator.write_secrets({}, ALICE)


async def test_only_users_with_the_role_write(coordinator: Coordinator) -> None:
    uploads = {"plain": SecretUpload(key=b"x")}
    with pytest.raises(UnauthorizedError):
        await coordinator.write_secrets(uploads, self_signed("mallory").der)
    with pytest.raises(ForbiddenError):
        await coordinator.write_secrets(uploads, BOB)


UNUSABLE = [
    ("text", SecretUpload(key=b"a\0b"), r"/Marbles/web/Parameters/Env/TEXT: template, 1:6: .*NUL"),
    ("text", SecretUpload(key=b""), r"/Marbles/web/Parameters/Env/TEXT: template, 1:6"),
    ("text", SecretUpload(key=b"x" * (4 << 20)), "/Marbles/web"),
    ("ed", SecretUpload(certificate=ED.der), r"/Marbles/web/Parameters/Files/~1key: template, 1:4"),
    ("shown", SecretUpload(certificate=ED.der), r"/Marbles/tls/TLS: .*needs Private"),
]


@pytest.mark.parametrize(("name", "upload", "reason"), UNUSABLE)
async def test_what_a_marble_could_not_use_is_refused(
    coordinator: Coordinator, name: str, upload: SecretUpload, reason: str
) -> None:
    with pytest.raises(RequestRefusedError, match=reason) as caught:
        await coordinator.write_secrets({name: upload}, ALICE)
    assert len(str(caught.value)) < 1000
    assert await value(coordinator, name) == SecretValue()


async def test_marbles_receive_what_was_set(coordinator: Coordinator) -> None:
    with pytest.raises(ActivationError, match="a user has to upload it"):
        await coordinator.activate(request("web"))
    uploads = {
        "text": SecretUpload(key=b"hello"),
        "ed": SecretUpload(certificate=ED.der, private=PKCS8),
        "shown": SecretUpload(certificate=ED.der, private=PKCS8),
    }
    await coordinator.write_secrets(uploads, ALICE)
    parameters = await coordinator.activate(request("web"))
    assert parameters.env["TEXT"] == b"a hello"
    assert parameters.files["/key"] == ED.key_pem
    policy = json.loads((await coordinator.activate(request("tls"))).env["MARBLE_TTLS_CONFIG"])
    assert policy["tls"]["Incoming"]["*:443"]["clikey"] == ED.key_pem.decode()


async def test_every_secret_set_is_logged_without_its_value(coordinator: Coordinator) -> None:
    uploads = {"plain": SecretUpload(key=b"hush-hush"), "key": SecretUpload(key=b"k" * 16)}
    await coordinator.write_secrets(uploads, ALICE)
    entries = [json.loads(entry) for entry in coordinator.update_log()]
    assert [set(entry) for entry in entries[1:]] == [
        {"time", "update", "user", "secret", "type"}
    ] * 2
    assert [(e["update"], e["user"], e["secret"], e["type"]) for e in entries[1:]] == [
        ("Secret set", "alice", "plain", "plain"),
        ("Secret set", "alice", "key", "symmetric-key"),
    ]
    assert "hush" not in "".join(coordinator.update_log())


async def test_writers_at_once_do_not_lose_each_others_secrets(coordinator: Coordinator) -> None:
    uploads = {"plain": b"one", "text": b"two", "key": bytes(16)}
    await asyncio.gather(
        *(
            coordinator.write_secrets({name: SecretUpload(key=key)}, ALICE)
            for name, key in uploads.items()
        )
    )
    for name, key in uploads.items():
        assert (await value(coordinator, name)).private == key
    assert len(coordinator.update_log()) == 4


async def test_full_disk_sets_nothing(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
    async with coordinator_in(tmp_path, files=FailingFiles(1)) as coordinator:
        with pytest.raises(StoreError, match="No space left"):
            await coordinator.write_secrets({"plain": SecretUpload(key=b"x")}, ALICE)
        assert await value(coordinator, "plain") == SecretValue()
        assert len(coordinator.update_log()) == 1
        await coordinator.write_secrets({"plain": SecretUpload(key=b"x")}, ALICE)


async def test_setting_a_secret_compiles_nothing_anew(coordinator: Coordinator) -> None:
    before = served(coordinator)
    await coordinator.write_secrets({"plain": SecretUpload(key=b"x")}, ALICE)
    after = served(coordinator)
    assert after.is_same_version(before)
    assert after.marbles is before.marbles
    assert after.users is before.users
