"""Every call, against real Coordinators in processes of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from ringtaw_attestation.softtee import SoftwareTee
from ringtaw_client import (
    NotAuthorisedError,
    PinnedCoordinator,
    PolicyMismatchError,
    RecoveryKey,
    RefusedError,
    SecretUpload,
    State,
    Trust,
    UserCredential,
    connect_insecurely,
    encrypt_recovery_secret,
    verify,
)
from ringtaw_testkit.identities import Certified, self_signed

from tests.client.fake_coordinator import POLICY
from tests.support.attested_mesh import COORDINATOR, MARBLE, AttestedMesh, frontend
from tests.support.coordinator_process import CoordinatorProcess, coordinator_process
from tests.support.deployments import RecoveryKey as RecoveryKeyOwner
from tests.support.deployments import manifest

ALICE, BOB, EVE = (self_signed(name) for name in ("alice", "bob", "eve"))
OWNER = RecoveryKeyOwner()
CERTIFICATE = self_signed("a secret")


def credential(user: Certified) -> UserCredential:
    return UserCredential.from_pem(user.pem, user.key_pem)


def role(kind: str, *actions: str, names: tuple[str, ...] = ()) -> dict[str, Any]:
    named = {"ResourceNames": list(names)} if names else {}
    return {"ResourceType": kind, "Actions": list(actions), **named}


def user(who: Certified, *roles: str) -> dict[str, Any]:
    return {"Certificate": who.pem.decode(), "Roles": list(roles)}


def deployment(security_version: int = 1, **sections: Any) -> bytes:
    """Return a manifest with two users who update it together."""
    package = {"SignerID": "aa" * 32, "ProductID": 1, "SecurityVersion": security_version}
    uploaded = ("key", "text", "pair")
    return manifest(
        Packages={"frontend": package},
        Secrets={
            "shared": {"Type": "symmetric-key", "Size": 128, "Shared": True},
            "key": {"Type": "symmetric-key", "Size": 128, "UserDefined": True},
            "text": {"Type": "plain", "UserDefined": True},
            "pair": {"Type": "cert-ecdsa", "Size": 384, "UserDefined": True},
        },
        Users={
            "alice": user(ALICE, "read", "write", "package", "manifest"),
            "bob": user(BOB, "manifest"),
        },
        Roles={
            "read": role("Secrets", "ReadSecret", names=("shared", *uploaded)),
            "write": role("Secrets", "WriteSecret", names=uploaded),
            "package": role("Packages", "UpdateSecurityVersion", names=("frontend",)),
            "manifest": role("Manifest", "UpdateManifest"),
        },
        RecoveryKeys={"owner": OWNER.public_pem},
        Config={"FeatureGates": ["SignQuoteEndpoint", "MonotonicCounter"]},
        **sections,
    )


def package_update(security_version: int) -> bytes:
    """Return an update of the package alone."""
    package = {"SecurityVersion": security_version}
    return json.dumps({"Packages": {"frontend": package}}).encode()


@dataclass(frozen=True)
class Deployment:
    """A Coordinator with a manifest, and who calls it."""

    process: CoordinatorProcess
    anybody: PinnedCoordinator
    recovery_secret: bytes

    def as_user(self, who: Certified) -> PinnedCoordinator:
        """Return a client with somebody's certificate."""
        return PinnedCoordinator(self.anybody.address, self.anybody.identity, credential(who))


@contextmanager
def deploying(state: Path) -> Iterator[Deployment]:
    with coordinator_process(state) as process:
        host, port = process.client_address
        anybody = connect_insecurely(f"{host}:{port}")
        accepted = anybody.set_manifest(deployment())
        yield Deployment(process, anybody, accepted.recovery_secrets["owner"])


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One for all tests that do not update it."""
    with deploying(tmp_path_factory.mktemp("deployed")) as shared:
        yield shared


@pytest.fixture
def updated(tmp_path: Path) -> Iterator[Deployment]:
    with deploying(tmp_path / "state") as own:
        yield own


def test_status_and_manifest(deployed: Deployment) -> None:
    anybody = deployed.anybody
    assert anybody.status().state is State.ACCEPTING_MARBLES
    found = anybody.verify_manifest(deployment())
    assert anybody.verify_manifest(found.fingerprint.upper()) == found
    with pytest.raises(
        PolicyMismatchError, match=r"another one: expected is the SHA-256 [0-9a-f]{64}, found "
    ):
        anybody.verify_manifest(deployment(2))
    for nothing in (b"", ""):
        with pytest.raises(PolicyMismatchError):
            anybody.verify_manifest(nothing)
    with pytest.raises(RefusedError, match="not in expected state"):
        anybody.set_manifest(deployment())


def test_before_a_manifest(tmp_path: Path) -> None:
    with coordinator_process(tmp_path) as process:
        host, port = process.client_address
        client = connect_insecurely(f"{host}:{port}")
        assert client.status().state is State.ACCEPTING_MANIFEST
        with pytest.raises(RefusedError) as caught:
            client.manifest()
        assert caught.value.status == 500
        with pytest.raises(RefusedError, match="/Marbles"):
            client.set_manifest(b'{"Packages":{},"Marbles":{"m":{"Package":"none"}}}')


def test_manifest_as_large_as_a_coordinator_takes(tmp_path: Path) -> None:
    raw = manifest().ljust(16 << 20)
    with coordinator_process(tmp_path) as process:
        host, port = process.client_address
        client = connect_insecurely(f"{host}:{port}")
        client.set_manifest(raw)
        assert client.manifest().raw == raw


def test_recovery_secret_is_for_its_owner(deployed: Deployment, tmp_path: Path) -> None:
    file = tmp_path / "owner.pem"
    password = BestAvailableEncryption(b"correct")
    file.write_bytes(OWNER.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, password))
    key = RecoveryKey.from_file(file, lambda: "correct")
    secret = key.decrypt(deployed.recovery_secret)
    assert len(secret) == 32
    ephemeral = RecoveryKeyOwner()
    wrapped = encrypt_recovery_secret(secret, ephemeral.public_der)
    file.write_bytes(
        ephemeral.private.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
    )
    assert RecoveryKey.from_file(file).decrypt(wrapped) == secret
    assert key.sign(secret)
    assert secret.hex() not in repr(key)


def test_certificates_and_claim(deployed: Deployment) -> None:
    identity = deployed.anybody.certificate_chain()
    assert identity == deployed.anybody.identity
    assert identity.has_issued(identity.intermediate)
    assert deployed.anybody.claim(b"nonce").quote == b"", "a simulation has none"


def test_sign_quote(mesh: AttestedMesh, mesh_trust: Trust) -> None:
    policy = replace(POLICY, unique_id=COORDINATOR.unique_id.hex())
    with mesh.coordinator(state="signing") as process:
        host, port = process.client_address
        client = verify(f"{host}:{port}", policy, mesh_trust).connect()
        with pytest.raises(RefusedError) as caught:
            client.sign_quote(b"quote")
        assert caught.value.status == 403
        client.set_manifest(frontend(Config={"FeatureGates": ["SignQuoteEndpoint"]}))
        quote = mesh.quote_of(MARBLE)(b"a certificate")
        signed = client.sign_quote(quote)
        assert signed.tcb_status == "UpToDate"
        assert signed.software_tee
        assert client.has_signed(quote, signed)
        assert not client.has_signed(quote, replace(signed, tcb_status="Revoked"))
        assert not client.has_signed(quote + b"x", signed)
        foreign = SoftwareTee(b"\xee" * 32).sgx_quote(MARBLE, bytes(64))
        with pytest.raises(RefusedError, match="sgxQuote: pck-chain"):
            client.sign_quote(foreign)


def test_secrets(deployed: Deployment) -> None:
    alice = deployed.as_user(ALICE)
    private = CERTIFICATE.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    alice.write_secrets(
        {
            "key": SecretUpload(key=b"0123456789abcdef"),
            "text": SecretUpload(key=b"\x00\xff any bytes"),
            "pair": SecretUpload(certificate=CERTIFICATE.der, private=private),
        }
    )
    found = alice.read_secrets(["shared", "key", "text", "pair"])
    assert found["key"].private == b"0123456789abcdef"
    assert found["text"].public == b"\x00\xff any bytes"
    assert (found["pair"].certificate, found["pair"].private) == (CERTIFICATE.der, private)
    assert (found["shared"].type, found["shared"].size) == ("symmetric-key", 128)
    assert found["shared"].shared
    assert not found["shared"].user_defined
    assert "0123456789abcdef" not in repr(found)
    with pytest.raises(RefusedError, match="declared size and actual size don't match"):
        alice.write_secrets({"key": SecretUpload(key=b"short")})


def test_who_may_what(deployed: Deployment) -> None:
    upload = {"text": SecretUpload(key=b"x")}
    for stranger in (deployed.anybody, deployed.as_user(EVE)):
        asks: list[Callable[[PinnedCoordinator], object]] = [
            lambda who: who.read_secrets(["text"]),
            lambda who: who.write_secrets(upload),
            lambda who: who.apply_update(deployment(2)),
            lambda who: who.acknowledge_update(deployment(2)),
            lambda who: who.cancel_update(),
            lambda who: who.set_monotonic_counter("a", 1),
        ]
        for ask in asks:
            with pytest.raises(NotAuthorisedError) as caught:
                ask(stranger)
            assert caught.value.status == 401
    bob = deployed.as_user(BOB)
    forbidden: list[Callable[[PinnedCoordinator], object]] = [
        lambda who: who.read_secrets(["text"]),
        lambda who: who.write_secrets(upload),
        lambda who: who.apply_update(package_update(2)),
    ]
    for ask in forbidden:
        with pytest.raises(NotAuthorisedError, match="role") as caught:
            ask(bob)
        assert caught.value.status == 500


def test_update_of_a_package(updated: Deployment) -> None:
    assert updated.as_user(ALICE).apply_update(package_update(2)).is_in_force
    with pytest.raises(RefusedError, match="downgrade SecurityVersion"):
        updated.as_user(ALICE).apply_update(package_update(1))
    entries = updated.anybody.update_log()
    assert entries[0].update == "Initial manifest set"
    assert entries[-1].details["package"] == "frontend"
    assert entries[-1].details["new version"] == 2
    assert entries[-1].time >= entries[0].time
    assert json.loads(entries[-1].raw)["user"] == "alice"


def test_update_of_everything_by_two(updated: Deployment) -> None:
    alice, bob, anybody = updated.as_user(ALICE), updated.as_user(BOB), updated.anybody
    with pytest.raises(RefusedError, match="no update in progress") as caught:
        anybody.pending_update()
    assert caught.value.status == 404
    update = deployment(2)
    progress = alice.apply_update(update)
    assert (progress.missing_acknowledgments, progress.missing_users) == (1, ("bob",))
    assert not progress.is_in_force
    assert anybody.pending_update().manifest == update
    assert anybody.pending_update().missing_users == ("bob",)
    bob.cancel_update()
    alice.apply_update(update)
    with pytest.raises(RefusedError):
        bob.acknowledge_update(update + b" ")
    assert bob.acknowledge_update(update).is_in_force
    assert anybody.verify_manifest(update)
    changed = anybody.certificate_chain()
    assert changed.root == anybody.identity.root
    assert changed.intermediate != anybody.identity.intermediate


def test_counter_of_a_marble(deployed: Deployment) -> None:
    parameters = deployed.process.activate("frontend").environment
    marble = PinnedCoordinator(
        deployed.anybody.address,
        deployed.anybody.identity,
        UserCredential.from_pem(
            parameters["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"],
            parameters["MARBLE_PREDEFINED_PRIVATE_KEY"],
        ),
    )
    assert marble.set_monotonic_counter("count", 5) == 0
    assert marble.set_monotonic_counter("count", 3) == 5
    assert marble.set_monotonic_counter("count", 2**64 - 1) == 5
    assert marble.set_monotonic_counter("count", 0) == 2**64 - 1
