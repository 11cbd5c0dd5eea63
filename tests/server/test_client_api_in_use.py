"""The client API as users and Marbles meet it: a real Coordinator, real connections."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from ringtaw_premain._protobuf import Parameters
from ringtaw_testkit.identities import Certified, self_signed

from tests.support.coordinator_process import CoordinatorProcess, coordinator_process
from tests.support.deployments import manifest
from tests.support.raw_http1 import Answer, RawClient
from tests.support.user_client import UserClient

ODD_NAMES = ("a b", "a+b", "a/b&c=d?e#f", "ключ", "🔑", 'quo"te', "a.b", "%41", "‮x")
HUGE = bytes(range(256)) * 8192


@pytest.fixture
def process(tmp_path: Path) -> Iterator[CoordinatorProcess]:
    with coordinator_process(tmp_path / "state") as process:
        yield process


def user_of(process: CoordinatorProcess, name: str, directory: Path, key: Any = None) -> UserClient:
    user = UserClient(name, directory, key)
    user.port = process.client_address[1]
    return user


def roles(secrets: dict[str, Any]) -> dict[str, Any]:
    """Return sections with these secrets, which one role may read and write."""
    role = {
        "ResourceType": "Secrets",
        "ResourceNames": list(secrets),
        "Actions": ["ReadSecret", "WriteSecret"],
    }
    return {"Secrets": secrets, "Roles": {"all": role}}


def set_manifest(process: CoordinatorProcess, **sections: Any) -> None:
    answer = process.set_manifest(manifest(**sections))
    assert answer["status"] == "success", answer


PLAIN = {"Type": "plain", "UserDefined": True}
CERTIFIED: dict[str, Callable[[], Certified]] = {
    "P-256": lambda: self_signed(key=ec.generate_private_key(ec.SECP256R1())),
    "P-521": lambda: self_signed(key=ec.generate_private_key(ec.SECP521R1())),
    "RSA": lambda: self_signed(key=rsa.generate_private_key(65537, 2048)),
    "short RSA": lambda: self_signed(key=rsa.generate_private_key(65537, 1024)),  # noqa: S505
    "Ed25519": lambda: self_signed(key=ed25519.Ed25519PrivateKey.generate()),
    "expired": lambda: self_signed(not_after=timedelta(seconds=-1)),
    "not yet valid": lambda: self_signed(not_before=timedelta(hours=1)),
}


async def test_whatever_certificate_the_manifest_has_is_a_user(
    process: CoordinatorProcess, tmp_path: Path
) -> None:
    users = {n: user_of(process, n, tmp_path, make()) for n, make in CERTIFIED.items()}
    definitions = {name: user.definition("all") for name, user in users.items()}
    stranger = user_of(process, "stranger", tmp_path)
    set_manifest(process, **roles({"token": PLAIN}), Users=definitions)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        for name, user in users.items():
            user.context.minimum_version = user.context.maximum_version = version
            assert (await user.write("token", name.encode())).status == 200
            assert await user.read("token") == b64encode(name.encode()).decode()
        stranger.context.minimum_version = stranger.context.maximum_version = version
        refused = await stranger.write("token", b"x")
        assert refused.status == 401
        assert refused.json["message"].startswith("unauthorized user")


async def test_nobody_is_a_user_for_presenting_a_users_certificate_as_issuer(
    process: CoordinatorProcess, tmp_path: Path
) -> None:
    """Users' certificates are in the manifest, which everybody may read."""
    alice = user_of(process, "alice", tmp_path)
    set_manifest(process, **roles({"token": PLAIN}), Users={"alice": alice.definition("all")})
    mallory = self_signed("mallory")
    chain = tmp_path / "chain.pem"
    chain.write_bytes(mallory.pem + alice.certified.pem)
    (tmp_path / "mallory.key").write_bytes(mallory.key_pem)
    guest = user_of(process, "guest", tmp_path, mallory)
    guest.context.load_cert_chain(chain, tmp_path / "mallory.key")
    assert (await guest.write("token", b"x")).status == 401
    issued = _issued_by(alice.certified)
    chain.write_bytes(issued.pem + alice.certified.pem)
    (tmp_path / "issued.key").write_bytes(issued.key_pem)
    guest.context.load_cert_chain(chain, tmp_path / "issued.key")
    assert (await guest.write("token", b"x")).status == 401
    assert (await alice.write("token", b"x")).status == 200


def _issued_by(issuer: Certified) -> Certified:
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alice")])
    parsed = x509.load_der_x509_certificate(issuer.der)
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    builder = x509.CertificateBuilder(parsed.subject, name, key.public_key(), 1)
    builder = builder.not_valid_before(parsed.not_valid_before_utc)
    builder = builder.not_valid_after(parsed.not_valid_after_utc)
    return Certified(builder.sign(issuer.key, hashes.SHA256()), key)


def marble_of(process: CoordinatorProcess, parameters: Parameters, directory: Path) -> UserClient:
    """Return a client with what a Marble was given."""
    environment = parameters.environment
    chain = environment["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"]
    key = load_pem_private_key(environment["MARBLE_PREDEFINED_PRIVATE_KEY"], None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    leaf = x509.load_pem_x509_certificates(chain)[0]
    return user_of(process, leaf.subject.rfc4514_string(), directory, Certified(leaf, key))


async def raise_counter(client: UserClient, name: str, value: int) -> Answer:
    body = {"name": name, "value": value}
    return await client.ask("POST", "/api/v2/monotonic-counter", body)


async def test_marbles_raise_counters_with_the_certificate_they_were_given(
    process: CoordinatorProcess, tmp_path: Path
) -> None:
    rita = user_of(process, "rita", tmp_path)
    package = {"SignerID": "aa" * 32, "ProductID": 1, "SecurityVersion": 1, "Debug": True}
    raising = {
        "ResourceType": "Packages",
        "ResourceNames": ["frontend"],
        "Actions": ["UpdateSecurityVersion"],
    }
    set_manifest(
        process,
        Packages={"frontend": package},
        Users={"rita": rita.definition("raise")},
        Roles={"raise": raising},
        Config={"FeatureGates": ["MonotonicCounter"]},
    )
    uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    first = marble_of(
        process, await asyncio.to_thread(process.activate, "frontend", uuid), tmp_path
    )
    other = marble_of(process, await asyncio.to_thread(process.activate, "frontend"), tmp_path)

    async def former(marble: UserClient, value: int) -> int:
        answer = await raise_counter(marble, "c", value)
        assert answer.status == 200, answer.body
        value_before: int = answer.json["data"]["value"]
        return value_before

    steps = [5, 3, 2**64 - 1, 0]
    assert [await former(first, value) for value in steps] == [0, 5, 5, 2**64 - 1]
    assert await former(other, 1) == 0
    raced = await asyncio.gather(*(former(other, value) for value in range(2, 10)))
    assert raced[-1] < 9 >= max(raced)
    assert await former(other, 0) == 9
    assert (await raise_counter(rita, "c", 1)).status == 401
    assert (await rita.update(b'{"Packages": {"frontend": {"SecurityVersion": 2}}}')).status == 200
    outdated = await raise_counter(first, "c", 1)
    assert outdated.status == 401
    assert outdated.json["message"].startswith("unauthorized user")
    again = marble_of(
        process, await asyncio.to_thread(process.activate, "frontend", uuid), tmp_path
    )
    assert await former(again, 1) == 2**64 - 1


PAIR = self_signed("pair")
UPLOADS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "symmetric": ({"Type": "symmetric-key", "Size": 2048}, {"Key": b64encode(HUGE[:256]).decode()}),
    "huge": ({"Type": "plain"}, {"Key": b64encode(HUGE).decode()}),
    "empty": ({"Type": "plain"}, {"Key": ""}),
    "rsa": ({"Type": "cert-rsa", "Size": 2048}, {"Cert": b64encode(PAIR.der).decode()}),
    "ecdsa": (
        {"Type": "cert-ecdsa", "Size": 384},
        {"Cert": b64encode(PAIR.der).decode(), "Private": b64encode(b"as sent").decode()},
    ),
    "ed25519": ({"Type": "cert-ed25519"}, {"Cert": b64encode(PAIR.der).decode()}),
    **{name: ({"Type": "plain"}, {"Key": b64encode(name.encode()).decode()}) for name in ODD_NAMES},
}


async def test_secrets_of_all_types_and_names_come_back_as_they_were_set(
    process: CoordinatorProcess, tmp_path: Path
) -> None:
    alice = user_of(process, "alice", tmp_path)
    secrets = {
        name: definition | {"UserDefined": True} for name, (definition, _) in UPLOADS.items()
    }
    set_manifest(process, **roles(secrets), Users={"alice": alice.definition("all")})
    uploads = {name: upload for name, (_, upload) in UPLOADS.items()}
    answer = await alice.ask("POST", "/api/v2/secrets", {"secrets": uploads})
    assert answer.status == 200, answer.body
    query = "&".join(f"s={quote(name, safe='')}" for name in UPLOADS)
    found = (await alice.ask("GET", f"/api/v2/secrets?{query}")).json["data"]["secrets"]
    assert list(found) == list(UPLOADS)
    for name, upload in uploads.items():
        kept = upload.get("Key", upload.get("Private")) or None
        assert (found[name]["Private"], found[name]["Cert"]) == (kept, upload.get("Cert")), name
        assert found[name]["Type"] == secrets[name]["Type"]
    public = x509.load_der_x509_certificate(PAIR.der).public_key()
    encoded = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert b64decode(found["ecdsa"]["Public"]) == encoded


async def test_a_hundred_generated_secrets_are_read_at_once(
    process: CoordinatorProcess, tmp_path: Path
) -> None:
    alice = user_of(process, "alice", tmp_path)
    secrets = {
        f"key{number}": {"Type": "symmetric-key", "Size": 256, "Shared": True}
        for number in range(100)
    }
    sections = roles(secrets)
    sections["Roles"]["all"]["Actions"] = ["ReadSecret"]
    set_manifest(process, **sections, Users={"alice": alice.definition("all")})
    query = "&".join(f"s={name}" for name in secrets)
    found = (await alice.ask("GET", f"/api/v2/secrets?{query}")).json["data"]["secrets"]
    assert len({secret["Private"] for secret in found.values()}) == 100
    refused = await alice.write("key0", bytes(32))
    assert (refused.status, "WriteSecret" in refused.json["message"]) == (500, True)


async def test_before_a_manifest_no_update_is_in_progress(process: CoordinatorProcess) -> None:
    for path in ("/api/v2/update-manifest", "/update-manifest"):
        async with await RawClient.connect(process.client_address[1]) as client:
            answer = await client.request("GET", path)
        assert answer.status == 404
        assert answer.json == {
            "status": "error",
            "data": None,
            "message": "no update in progress",
        }
