"""A real Coordinator in a TDX trust domain: clients verify it, and its owners open its state."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from ringtaw_attestation.softtee import TrustDomain
from ringtaw_client import (
    CoordinatorPolicy,
    PinnedCoordinator,
    PolicyMismatchError,
    RecoveryKey,
    RefusedError,
    State,
    Trust,
    VerifiedCoordinator,
    verify,
)
from ringtaw_softtee.identity import properties

from tests.standins.libos import COMPILER, WITHOUT_COMPILER, build_shim
from tests.standins.tdx import tdx_guest
from tests.support.attested_mesh import COORDINATOR, MARBLE, AttestedMesh, attested_mesh, frontend
from tests.support.coordinator_process import COMMAND, CoordinatorProcess, environment
from tests.support.deployments import RecoveryKey as Owner

DOMAIN = TrustDomain(b"\xaa" * 48, (b"\xbb" * 48, b"\xcc" * 48, b"\xdd" * 48, b"\xee" * 48))
MEASURED = ("MRTD", "RTMR0", "RTMR1", "RTMR2", "RTMR3")


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttestedMesh]:
    with attested_mesh(tmp_path_factory.mktemp("trust-domain")) as mesh:
        mesh.register("guest", DOMAIN)
        yield mesh


@pytest.fixture(scope="module")
def guest(mesh: AttestedMesh) -> Iterator[CoordinatorProcess]:
    """A Coordinator in a trust domain, without a manifest."""
    with mesh.coordinator("guest", state="guest") as coordinator:
        yield coordinator


def trust_in(mesh: AttestedMesh) -> Trust:
    return Trust(
        collateral=mesh.pccs.url,
        roots=mesh.directory / "tee" / "root.pem",
        accept_software_tee=True,
        cache=mesh.directory / "cache",
    )


def era(domain: TrustDomain = DOMAIN) -> CoordinatorPolicy:
    return CoordinatorPolicy.from_json(json.dumps(properties(domain)).encode())


def verified(
    mesh: AttestedMesh, coordinator: CoordinatorProcess, policy: CoordinatorPolicy | None = None
) -> VerifiedCoordinator:
    address = f"localhost:{coordinator.client_address[1]}"
    return verify(address, policy or era(), trust_in(mesh))


@contextmanager
def connected(
    mesh: AttestedMesh, state: str, settings: Mapping[str, str] | None = None
) -> Iterator[PinnedCoordinator]:
    """Start a Coordinator in the trust domain on a state, and verify it."""
    with mesh.coordinator("guest", state=state, settings=settings) as coordinator:
        yield verified(mesh, coordinator).connect()


def test_its_measurements_are_verified(mesh: AttestedMesh, guest: CoordinatorProcess) -> None:
    found = verified(mesh, guest)
    names = [check.name for check in found.checks]
    assert names == ["quote", "hardware", "binding", "tls", *MEASURED, "Debug", "TCB status"]
    assert all(check.ok for check in found.checks)
    assert found.connect().status().state is State.ACCEPTING_MANIFEST


@pytest.mark.parametrize("number", range(5))
def test_each_measurement_counts(
    number: int, mesh: AttestedMesh, guest: CoordinatorProcess
) -> None:
    values = [DOMAIN.mr_td, *DOMAIN.rtmrs]
    values[number] = bytes([values[number][0] ^ 1]) + values[number][1:]
    firmware, first, second, third, fourth = values
    other = replace(DOMAIN, mr_td=firmware, rtmrs=(first, second, third, fourth))
    with pytest.raises(PolicyMismatchError) as caught:
        verified(mesh, guest, era(other))
    assert [check.name for check in caught.value.checks if not check.ok] == [MEASURED[number]]


def test_the_properties_of_an_enclave(mesh: AttestedMesh, guest: CoordinatorProcess) -> None:
    with pytest.raises(PolicyMismatchError, match="expected an SGX enclave, found a TDX trust"):
        verified(mesh, guest, CoordinatorPolicy(unique_id=COORDINATOR.unique_id.hex()))


def test_it_logs_what_an_era_config_says(guest: CoordinatorProcess) -> None:
    guest.wait_for("this Coordinator is a TDX trust domain")
    (event,) = (json.loads(line) for line in guest.output if "is a TDX trust domain" in line)
    told = {name: event[name] for name in MEASURED}
    assert {"Debug": event["Debug"], "TDX": told} == properties(DOMAIN)


def test_a_state_that_nobody_could_open_is_refused(mesh: AttestedMesh) -> None:
    with connected(mesh, "refused") as coordinator:
        with pytest.raises(RefusedError, match="/RecoveryKeys: without recovery keys nobody") as no:
            coordinator.set_manifest(frontend())
        assert "TDX gives a trust domain no sealing key" in str(no.value)
        assert "SealMode be Disabled" in str(no.value)
        assert coordinator.status().state is State.ACCEPTING_MANIFEST
        accepted = coordinator.set_manifest(frontend(Config={"SealMode": "Disabled"}))
        assert accepted.warnings == ()
    assert not (mesh.directory / "refused" / "sealed_data").exists()


def test_the_owners_open_the_state_after_a_restart(mesh: AttestedMesh, tmp_path: Path) -> None:
    owner = Owner()
    pem = owner.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "owner.pem").write_bytes(pem)
    with connected(mesh, "kept") as coordinator:
        raw = frontend(RecoveryKeys={"owner": owner.public_pem})
        accepted = coordinator.set_manifest(raw)
        assert any("after each restart the owners" in text for text in accepted.warnings)
        root = coordinator.certificate_chain().root
    document = json.loads((mesh.directory / "kept" / "sealed_key").read_bytes())
    assert document["protection"] == "owners"
    with mesh.coordinator("guest", state="kept") as process:
        coordinator = verified(mesh, process).connect()
        status = coordinator.status()
        assert status.state is State.RECOVERY
        assert "only the owners of the recovery keys can open it" in status.message
        key = RecoveryKey.from_file(tmp_path / "owner.pem")
        secret = key.decrypt(accepted.recovery_secrets["owner"])
        coordinator.recover(secret, key.sign(secret))
        again = verified(mesh, process)
        assert again.identity.root == root
        assert again.connect().verify_manifest(raw).raw == raw
        process.activate("frontend", attest=mesh.quote_of(MARBLE))


def test_a_manifest_at_the_start_that_gives_nobody_the_secrets(
    mesh: AttestedMesh, tmp_path: Path
) -> None:
    file = tmp_path / "manifest.json"
    file.write_bytes(frontend(RecoveryKeys={"owner": Owner().public_pem}))
    settings = {**mesh.settings("guest"), "EDG_STARTUP_MANIFEST": str(file)}
    ran = subprocess.run(
        COMMAND,
        env=environment(tmp_path / "state", settings),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ran.returncode == 1
    assert "/RecoveryKeys: their owners get no secrets" in ran.stderr
    assert not (tmp_path / "state" / "sealed_data").exists()


@pytest.mark.skipif(COMPILER is None, reason=WITHOUT_COMPILER)
def test_in_a_guest_of_linux(mesh: AttestedMesh, tmp_path: Path) -> None:
    (tmp_path / "guest").mkdir()
    shim = build_shim(tmp_path)
    with tdx_guest(shim, tmp_path / "guest", mesh.tee, DOMAIN) as linux:
        settings = {**linux.environment(), "RINGTAW_ADAPTER": ""}
        with connected(mesh, "linux", settings) as coordinator:
            assert coordinator.status().state is State.ACCEPTING_MANIFEST
            with pytest.raises(RefusedError, match=r"adapter\(tdx\): does not provide sealing_key"):
                coordinator.set_manifest(frontend())
            coordinator.set_manifest(frontend(RecoveryKeys={"owner": Owner().public_pem}))
            assert coordinator.status().state is State.ACCEPTING_MARBLES
        assert linux.entries == []
