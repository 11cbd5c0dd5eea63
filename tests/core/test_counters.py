"""Monotonic counters of Marbles."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any
from uuid import UUID as UUID4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_der_private_key,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_coordinator.core import counters
from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.core.counters import MAX_COUNTERS, MAX_NAME_BYTES, raise_counter
from ringtaw_coordinator.core.serving import Serving, serve
from ringtaw_coordinator.errors import (
    FeatureError,
    RequestRefusedError,
    StateError,
    StoreError,
    UnauthorizedError,
)
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.pki.marble import MARBLE_TYPE, MarbleName
from ringtaw_coordinator.state.model import new_deployment
from ringtaw_testkit.identities import self_signed

from tests.support.deployments import coordinator_in, manifest, request
from tests.support.disks import CountingFiles, FailingFiles
from tests.support.people import person, served, updatable

GATE = {"FeatureGates": ["monotoniccounter"]}
SECRETS: dict[str, Any] = {
    "authority": {"Type": "cert-ecdsa", "Size": 256, "Shared": True, "Cert": {"IsCA": True}},
}
ENV = {
    "CA": "{{ pem .Secrets.authority.Cert }}",
    "CA_KEY": "{{ pem .Secrets.authority.Private }}",
}
MARBLES = {
    name: {"Package": "frontend", "Parameters": {"Env": ENV}} for name in ("frontend", "backend")
}
MANIFEST = updatable("alice", Marbles=MARBLES, Secrets=SECRETS, Config=GATE)
UUID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
MAX = 2**64 - 1


async def marble(
    coordinator: Coordinator, marble_type: str = "frontend", uuid: str = UUID
) -> bytes:
    """Activate a Marble; return its certificate."""
    env = (await coordinator.activate(request(marble_type, uuid))).env
    chain = env["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"]
    return x509.load_pem_x509_certificates(chain)[0].public_bytes(Encoding.DER)


async def test_a_counter_is_raised_and_never_lowered(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        own = await marble(coordinator)
        steps = [(0, 0), (2, 0), (3, 2), (1, 3), (3, 3), (MAX, 3), (4, MAX), (MAX, MAX)]
        for value, former in steps:
            assert await coordinator.set_counter("größe", value, own) == former
    async with coordinator_in(tmp_path) as coordinator:
        assert await coordinator.set_counter("größe", 0, own) == MAX  # after a restart, too


async def test_counters_are_told_apart_by_marble_and_name(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        one = await marble(coordinator)
        await coordinator.set_counter("c", 5, one)
        assert await coordinator.set_counter("d", 0, one) == 0
        assert await coordinator.set_counter("c", 0, await marble(coordinator, "backend")) == 0
        other = await marble(coordinator, uuid=UUID.replace("f8", "f9"))
        assert await coordinator.set_counter("c", 0, other) == 0
        again = await marble(coordinator)
        assert again != one
        assert await coordinator.set_counter("c", 0, again) == 5


async def test_counters_outlive_updates_but_certificates_do_not(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        old = await marble(coordinator)
        await coordinator.set_counter("c", 5, old)
        raw = b'{"Packages": {"frontend": {"SecurityVersion": 4}}}'
        for update, user in ((raw, "rita"), (MANIFEST, "alice")):
            await coordinator.submit_update(update, person(user).der)
            with pytest.raises(UnauthorizedError, match=r"^unauthorized user: .* restarted$"):
                await coordinator.set_counter("c", 6, old)
            old = await marble(coordinator)
            assert await coordinator.set_counter("c", 1, old) == 5


async def test_without_the_feature_there_are_none(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        with pytest.raises(StateError):
            await coordinator.set_counter("c", 1, b"")
        await coordinator.set_manifest(manifest())
        with pytest.raises(FeatureError, match="MonotonicCounter"):
            await coordinator.set_counter("c", 1, await marble(coordinator))


def forged(issuer: x509.Certificate, key: ec.EllipticCurvePrivateKey, marble_type: bool) -> bytes:
    """Return a certificate like a Marble's."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, UUID)]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
    )
    if marble_type:
        extension = x509.UnrecognizedExtension(MARBLE_TYPE, b"frontend")
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


async def test_only_marbles_have_counters(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        env = (await coordinator.activate(request())).env
        authority = x509.load_pem_x509_certificate(env["CA"])
        key = load_pem_private_key(env["CA_KEY"], None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        mesh = coordinator.mesh_identity
        marble_root = x509.load_der_x509_certificate(mesh.chain[0])
        root_key = load_der_private_key(mesh.private_key, None)
        assert isinstance(root_key, ec.EllipticCurvePrivateKey)
        mine = ec.generate_private_key(ec.SECP384R1())
        others = {
            "nobody's": b"",
            "rubbish": b"rubbish",
            "a stranger's": self_signed(UUID).der,
            "a user's": person("alice").der,
            "a secret's": authority.public_bytes(Encoding.DER),
            "issued by a secret": forged(authority, key, marble_type=True),
            "in the name of the root": forged(marble_root, mine, marble_type=True),
            "without a type": forged(marble_root, root_key, marble_type=False),
            "the root itself": mesh.chain[0],
            "the intermediate": mesh.chain[1],
        }
        for certificate in others.values():
            with pytest.raises(UnauthorizedError, match=r"^unauthorized user"):
                await coordinator.set_counter("c", 1, certificate)
        assert served(coordinator).deployment.counters == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [("", 1), ("x" * (MAX_NAME_BYTES + 1), 1), ("ö" * MAX_NAME_BYTES, 1), ("c", -1), ("c", 2**64)],
)
async def test_names_and_values_have_limits(tmp_path: Path, name: str, value: int) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        own = await marble(coordinator)
        with pytest.raises(RequestRefusedError, match="of a counter"):
            await coordinator.set_counter(name, value, own)
        await coordinator.set_counter("x" * MAX_NAME_BYTES, MAX, own)


@pytest.fixture(scope="module")
def empty() -> Serving:
    raw = manifest()
    return serve(new_deployment(["localhost"]), load_manifest(raw).manifest)


def test_a_marble_cannot_have_any_number_of_them(empty: Serving) -> None:
    serving, owner = empty, MarbleName("frontend", UUID)
    for number in range(MAX_COUNTERS):
        serving, _ = raise_counter(serving, owner, str(number), 1)
    with pytest.raises(RequestRefusedError, match=f"has {MAX_COUNTERS} counters"):
        raise_counter(serving, owner, "one more", 1)
    assert raise_counter(serving, owner, "7", 9)[1] == 1  # those it has can be raised
    assert raise_counter(serving, owner, "one more", 0) == (serving, 0)
    raise_counter(serving, MarbleName("backend", UUID), "one more", 1)


def test_nor_can_all_marbles_together(empty: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MAX_MARBLES", 2)
    serving = empty
    for marble_type in ("a", "b"):
        serving, _ = raise_counter(serving, MarbleName(marble_type, UUID), "c", 1)
    with pytest.raises(RequestRefusedError, match="2 Marbles have counters already"):
        raise_counter(serving, MarbleName("c", UUID), "c", 1)
    raise_counter(serving, MarbleName("b", UUID), "d", 1)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, MAX)), max_size=30))
def test_a_counter_is_the_greatest_value_there_was(steps: list[tuple[str, int]]) -> None:
    serving = _SERVING
    greatest = {"a": 0, "b": 0}
    for name, value in steps:
        serving, former = raise_counter(serving, MarbleName("m", UUID), name, value)
        assert former == greatest[name]
        greatest[name] = max(former, value)
    kept = serving.deployment.counters.get(f"{UUID} m", {})
    assert kept == {name: value for name, value in greatest.items() if value}


_SERVING = serve(new_deployment(["localhost"]), load_manifest(manifest()).manifest)


async def test_of_many_at_once_none_is_lost(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        own = await marble(coordinator)
        formers = await asyncio.gather(
            *(coordinator.set_counter("c", value, own) for value in (4, 9, 2, 7, 11, 3))
        )
        assert await coordinator.set_counter("c", 0, own) == 11
        assert formers == sorted(formers)


async def test_full_disk_raises_nothing(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        own = await marble(coordinator)
    async with coordinator_in(tmp_path, files=FailingFiles(1)) as coordinator:
        with pytest.raises(StoreError):
            await coordinator.set_counter("c", 5, own)
        assert await coordinator.set_counter("c", 5, own) == 0


async def test_many_marbles_share_a_write(tmp_path: Path) -> None:
    files = CountingFiles()
    async with coordinator_in(tmp_path, files=files) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        marbles = [await marble(coordinator, uuid=str(UUID4(int=n, version=4))) for n in range(30)]
        before = files.steps.count("sync")
        await asyncio.gather(*(coordinator.set_counter("c", 5, each) for each in marbles))
        writes = (files.steps.count("sync") - before) // 2
    assert 1 <= writes <= 3
    async with coordinator_in(tmp_path) as coordinator:
        for each in marbles:
            assert await coordinator.set_counter("c", 0, each) == 5


async def test_what_is_refused_spoils_nothing_for_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "MAX_COUNTERS", 2)
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        own = await marble(coordinator)
        asked = [coordinator.set_counter(name, 5, own) for name in "abcba"]
        found = await asyncio.gather(*asked, return_exceptions=True)
    assert [each for each in found if isinstance(each, int)] == [0, 0, 5, 5]
    assert isinstance(found[2], RequestRefusedError)


class HeldFiles(CountingFiles):
    """Does nothing, from the next step on, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.is_held = threading.Event()
        self.let_go = threading.Event()
        self.let_go.set()

    def before(self, number: int, operation: str) -> None:
        if not self.let_go.is_set():
            self.is_held.set()
            assert self.let_go.wait(10)


async def test_marbles_of_before_an_update_are_nobody_when_their_turn_comes(
    tmp_path: Path,
) -> None:
    """They were Marbles when they asked."""
    files = HeldFiles()
    async with coordinator_in(tmp_path, files=files) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        own = await marble(coordinator)
        raw = b'{"Packages": {"frontend": {"SecurityVersion": 4}}}'
        files.let_go.clear()
        update = asyncio.create_task(coordinator.submit_update(raw, person("rita").der))
        await asyncio.to_thread(files.is_held.wait, 10)
        asked = asyncio.create_task(coordinator.set_counter("c", 5, own))
        await asyncio.sleep(0)
        files.let_go.set()
        with pytest.raises(UnauthorizedError, match="unauthorized user"):
            await asked
        assert (await update).missing_acknowledgments == 0
        assert served(coordinator).deployment.counters == {}
