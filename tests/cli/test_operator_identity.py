"""Whom the command trusts: verified once, remembered, and no one else after that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from ringtaw_attestation.softtee import Enclave
from ringtaw_attestation.softtee.keys import measurement
from ringtaw_cli.exits import ExitCode
from ringtaw_client import CoordinatorIdentity

from tests.cli.installed import Done
from tests.cli.operators import Office, address_of, attested_office
from tests.support.attested_mesh import AttestedMesh, attested_mesh, frontend
from tests.support.coordinator_process import CoordinatorProcess

ERA = ("--era-config", "era.json", "--accept-software-tee")


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttestedMesh]:
    with attested_mesh(tmp_path_factory.mktemp("mesh")) as mesh:
        yield mesh


@pytest.fixture(scope="module")
def running(mesh: AttestedMesh) -> Iterator[CoordinatorProcess]:
    """A Coordinator with a manifest."""
    with mesh.coordinator() as coordinator:
        assert coordinator.set_manifest(frontend())["status"] == "success"
        yield coordinator


@pytest.fixture(scope="module")
def other(mesh: AttestedMesh) -> Iterator[CoordinatorProcess]:
    """Another deployment of the same Coordinator: as genuine, with another root certificate."""
    with mesh.coordinator(state="other") as coordinator:
        yield coordinator


@pytest.fixture
def place(tmp_path: Path, mesh: AttestedMesh, running: CoordinatorProcess) -> Office:
    return attested_office(tmp_path, mesh, running)


def test_a_coordinator_is_verified_once_and_known_from_then_on(place: Office) -> None:
    first = place.run("status", place.address, *ERA)
    assert first.returncode == ExitCode.OK, first.stderr
    assert first.stdout.startswith("3: ")
    assert "SOFTWARE TEE" in first.stderr
    assert "is trusted from now on" in first.stderr
    (pin,) = place.pins
    assert pin.name == f"{place.address}.pem"
    assert (pin.stat().st_mode & 0o777, pin.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    (place.folder / "era.json").unlink()
    again = place.run("manifest", "get", place.address)
    assert (again.returncode, again.stderr) == (ExitCode.OK, "")


def test_without_properties_nobody_is_trusted(place: Office) -> None:
    done = place.run("status", place.address)
    assert (done.returncode, done.stdout) == (ExitCode.FAILED, "")
    assert "nothing says which Coordinator is to be trusted" in done.stderr
    for cure in ("--era-config", "package-properties", "--insecure"):
        assert cure in done.stderr


def test_an_era_config_in_the_working_directory_is_taken_and_told(place: Office) -> None:
    (place.folder / "era.json").rename(place.folder / "coordinator-era.json")
    done = place.run("status", place.address, "--accept-software-tee")
    assert done.returncode == ExitCode.OK
    assert "which Coordinator is wanted is read from ./coordinator-era.json" in done.stderr


def test_hardware_is_demanded_unless_a_software_tee_is_accepted_by_name(place: Office) -> None:
    done = place.run("status", place.address, "--era-config", "era.json")
    assert (done.returncode, done.stdout) == (ExitCode.EVIDENCE_REJECTED, "")
    assert not place.pins


def test_another_enclave_is_refused(place: Office) -> None:
    place.write("era.json", json.dumps({"UniqueID": "00" * 32}))
    done = place.run("manifest", "get", place.address, *ERA)
    assert (done.returncode, done.stdout) == (ExitCode.POLICY_MISMATCH, "")
    assert "UniqueID" in done.stderr
    assert not place.pins


def test_the_tcb_status_can_be_demanded(place: Office) -> None:
    accepted = ("--accepted-tcb-statuses", "UpToDate,OutOfDate", "--accepted-advisories", "")
    assert place.run("status", place.address, *ERA, *accepted).returncode == ExitCode.OK
    typo = place.run("status", place.address, *ERA, "--accepted-tcb-statuses", "Uptodate")
    assert "there is no TCB status 'Uptodate'" in typo.stderr


def test_quote_and_certificate_are_saved_where_they_are_wanted(place: Office) -> None:
    place.write("manifest.json", frontend().decode())
    options = ("--coordinator-cert", "root.pem", "--save-sgx-quote", "quote.bin", "--nonce", "n")
    done = place.run("manifest", "verify", "manifest.json", place.address, *ERA, *options)
    assert (done.returncode, done.stdout) == (ExitCode.OK, "OK\n"), done.stderr
    assert len((place.folder / "quote.bin").read_bytes()) > 1000
    assert not place.pins
    pinned = place.run("status", place.address, "--coordinator-cert", "root.pem")
    assert pinned.returncode == ExitCode.OK


def test_a_changed_identity_is_refused_with_both_fingerprints_and_the_way_out(
    place: Office, other: CoordinatorProcess
) -> None:
    former, new = identities(place, other)
    for options in ((), ERA):
        done = place.run("manifest", "get", place.address, *options)
        assert (done.returncode, done.stdout) == (ExitCode.EVIDENCE_REJECTED, "")
        for told in (former, new, str(place.pins[0]), "--accept-new-identity"):
            assert told in done.stderr
    assert pinned(place) == former


def test_a_changed_identity_is_accepted_by_name_and_loudly(
    place: Office, other: CoordinatorProcess
) -> None:
    former, new = identities(place, other)
    unproved = place.run("status", place.address, "--accept-new-identity")
    assert unproved.returncode == ExitCode.FAILED
    assert pinned(place) == former
    done = place.run("status", place.address, *ERA, "--accept-new-identity")
    assert done.returncode == ExitCode.OK
    assert f"{new} from now on, no longer {former}" in done.stderr
    assert pinned(place) == new
    assert place.run("status", place.address).returncode == ExitCode.OK


def test_an_insecure_connection_leaves_no_trace_in_whom_is_trusted(
    place: Office, other: CoordinatorProcess
) -> None:
    former, _ = identities(place, other)
    assert place.run("status", place.address, "--insecure").returncode == ExitCode.OK
    assert pinned(place) == former


def test_an_insecure_connection_does_not_replace_whom_a_named_file_says_to_trust(
    place: Office, other: CoordinatorProcess
) -> None:
    pin = place.folder / "pin.pem"
    kept = ("--keep-cert", "--insecure", "--coordinator-cert", "pin.pem")
    first = place.run("manifest", "get", place.address, *kept)
    assert first.returncode == ExitCode.OK, first.stderr
    former = pin.read_bytes()
    assert place.run("manifest", "get", place.address, *kept).returncode == ExitCode.OK
    done = place.run("manifest", "get", address_of(other), *kept)
    assert (done.returncode, done.stdout) == (ExitCode.EVIDENCE_REJECTED, "")
    assert "has proved nothing, and is not the Coordinator that is trusted" in done.stderr
    assert pin.read_bytes() == former
    place.run("manifest", "get", address_of(other), *kept, "--accept-new-identity")
    assert pin.read_bytes() == former  # it has no manifest, so that the command fails


def test_a_damaged_memory_is_an_error_and_not_forgotten(place: Office) -> None:
    place.run("status", place.address, *ERA)
    place.pins[0].write_text("damaged")
    done = place.run("status", place.address, *ERA)
    assert (done.returncode, done.stdout) == (ExitCode.FAILED, "")
    assert f"{place.pins[0]}, which should say whom to trust, cannot be used" in done.stderr


def test_another_name_needs_the_one_in_the_certificate(place: Office) -> None:
    _, _, port = place.address.rpartition(":")
    elsewhere = f"127.0.0.2:{port}"
    done = place.run("status", elsewhere, *ERA)
    assert done.returncode == ExitCode.UNREACHABLE  # it listens on 127.0.0.1 alone
    names = place.run("status", place.address, *ERA, "--server-name", "elsewhere.example")
    assert names.returncode == ExitCode.EVIDENCE_REJECTED
    assert "not for elsewhere.example" in names.stderr


def test_a_trust_domain_or_another_build_is_not_the_coordinator(
    tmp_path: Path, mesh: AttestedMesh
) -> None:
    mesh.register("imposter", Enclave(unique_id=measurement("imposter")))
    with mesh.coordinator("imposter", state="imposter") as coordinator:
        place = attested_office(tmp_path, mesh, coordinator)
        done = place.run("certificate", "chain", place.address, *ERA, "-o", "-")
    assert (done.returncode, done.stdout) == (ExitCode.POLICY_MISMATCH, "")


def identities(place: Office, other: CoordinatorProcess) -> tuple[str, str]:
    """Remember one deployment, then have another one at its address; return both fingerprints."""
    done: Done = place.run("status", place.address, *ERA)
    assert done.returncode == ExitCode.OK, done.stderr
    (pin,) = place.pins
    place.address = address_of(other)
    pin.rename(pin.with_name(f"{place.address}.pem"))
    new = place.run("certificate", "root", place.address, "--insecure", "-o", "-").stdout
    return pinned(place), CoordinatorIdentity.from_pem(new.encode()).fingerprint


def pinned(place: Office) -> str:
    return CoordinatorIdentity.from_pem(place.pins[0].read_bytes()).fingerprint
