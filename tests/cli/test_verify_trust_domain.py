"""``ringtaw`` and Coordinators in TDX trust domains: verified by an era config with TDX."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ringtaw_attestation.softtee import Enclave, TrustDomain, write_software_collateral
from ringtaw_cli.exits import ExitCode
from ringtaw_coordinator.state.sealed_key import OwnersSealer

from tests.cli.installed import Done, Workplace
from tests.cli.verifying import at_home, failed_checks
from tests.client.fake_coordinator import GENUINE, FakeCoordinator, serving, success
from tests.support.deployments import RecoveryKey, coordinator_in, manifest
from tests.support.evidence import TEE

DOMAIN = TrustDomain(b"\xaa" * 48, (b"\xbb" * 48, b"\xcc" * 48, b"\xdd" * 48, bytes(48)))
MEASUREMENTS = {
    "MRTD": "aa" * 48,
    "RTMR0": "bb" * 48,
    "RTMR1": "cc" * 48,
    "RTMR2": "dd" * 48,
    "RTMR3": "00" * 48,
}
ERA = ("--era-config", "era.json")


@pytest.fixture
def home(place: Workplace) -> Workplace:
    """A place that trusts the tests' software TEE, and an era config of the trust domain."""
    collateral = write_software_collateral(TEE, place.folder, datetime.now(UTC))
    (place.folder / "roots.pem").write_bytes(TEE.root_ca.pem)
    place.environment |= {
        "RINGTAW_TRUSTED_ROOTS": str(place.folder / "roots.pem"),
        "RINGTAW_COLLATERAL": str(collateral),
    }
    write_era(place, MEASUREMENTS)
    return at_home(place)


@pytest.fixture
def address() -> Iterator[str]:
    """Where a Coordinator in the trust domain serves."""
    fake = in_domain(DOMAIN)
    with serving(fake):
        yield fake.address


def in_domain(domain: TrustDomain) -> FakeCoordinator:
    fake = FakeCoordinator(quote=lambda data: TEE.tdx_quote(domain, data))
    fake.answers = {"/api/v2/status": success({"code": 2, "message": "waiting"})}
    return fake


def write_era(place: Workplace, measurements: object, **members: Any) -> None:
    place.write("era.json", json.dumps({"TDX": measurements, **members}))


def verify(place: Workplace, *arguments: str) -> Done:
    return place.run("verify", *arguments, "--accept-software-tee")


def test_one_line_for_each_measurement(home: Workplace, address: str) -> None:
    done = verify(home, address, *ERA, "--save-evidence", "evidence")
    assert done.returncode == ExitCode.OK, done.stderr
    lines = {line.split()[1]: line for line in done.stdout.splitlines() if line.startswith("  ✓")}
    assert [*lines][4:10] == [*MEASUREMENTS, "Debug"]
    assert f"expected {'cc' * 48}, found {'cc' * 48}" in lines["RTMR1"]
    assert "RTMR0" not in done.stderr
    again = verify(home, "--evidence", "evidence", *ERA)
    assert (again.returncode, failed_checks(again)) == (ExitCode.OK, [])


def test_another_image(home: Workplace, address: str) -> None:
    write_era(home, {**MEASUREMENTS, "RTMR2": "de" * 48})
    done = verify(home, address, *ERA)
    assert (done.returncode, failed_checks(done)) == (ExitCode.POLICY_MISMATCH, ["RTMR2"])
    assert f"expected {'de' * 48}, found {'dd' * 48}" in done.stdout
    assert home.run("check", address, *ERA, "--accept-software-tee").returncode == 11


def test_the_kind_of_tee_is_one_check(home: Workplace, address: str) -> None:
    done = verify(home, address, "--unique-id", GENUINE.unique_id.hex())
    assert (done.returncode, failed_checks(done)) == (ExitCode.POLICY_MISMATCH, ["TEE"])
    assert "expected an SGX enclave, found a TDX trust domain" in done.stdout
    assert "TDX with MRTD, RTMR0, RTMR1, RTMR2" in done.stderr
    with serving(FakeCoordinator()) as enclave:
        done = verify(home, enclave.address, *ERA)
    assert (done.returncode, failed_checks(done)) == (ExitCode.POLICY_MISMATCH, ["TEE"])
    assert "expected a TDX trust domain, found an SGX enclave" in done.stdout
    assert "UniqueID, or SignerID, ProductID and SecurityVersion" in done.stderr


def test_debug_only_by_name(home: Workplace) -> None:
    with serving(in_domain(replace(DOMAIN, debug=True))) as fake:
        refused = verify(home, fake.address, *ERA)
        admitted = verify(home, fake.address, *ERA, "--debug")
    assert (refused.returncode, failed_checks(refused)) == (ExitCode.POLICY_MISMATCH, ["Debug"])
    assert (admitted.returncode, failed_checks(admitted)) == (ExitCode.OK, [])


def test_what_an_era_config_leaves_to_the_host_is_a_warning(home: Workplace, address: str) -> None:
    write_era(home, {name: value for name, value in MEASUREMENTS.items() if name != "RTMR0"})
    done = verify(home, address, *ERA)
    assert done.returncode == ExitCode.OK
    assert "TDX lacks RTMR0, so the host may choose virtual hardware" in done.stderr


def test_an_era_config_of_both_kinds(home: Workplace) -> None:
    write_era(home, MEASUREMENTS, UniqueID="ab" * 32)
    done = verify(home, "localhost:1", *ERA)
    assert done.returncode == ExitCode.FAILED
    assert "era.json: the properties name both TDX and UniqueID" in done.stderr


def test_commands_of_operators_know_it_too(home: Workplace, address: str) -> None:
    accept = ("--accept-software-tee",)
    done = home.run("status", address, *ERA, *accept, "--save-sgx-quote", "quote.bin")
    assert (done.returncode, "waiting" in done.stdout) == (ExitCode.OK, True)
    printed = home.run("inspect", "quote", "quote.bin", "--format", "package")
    assert json.loads(printed.stdout) == {"TDX": MEASUREMENTS}
    assert "nothing of this is verified" in printed.stderr
    home.write("printed.json", printed.stdout)
    assert verify(home, address, "--era-config", "printed.json").returncode == ExitCode.OK


def test_the_package_of_an_enclave(place: Workplace) -> None:
    debug = Enclave(unique_id=b"\xab" * 32, product_id=7, security_version=3, debug=True)
    (place.folder / "quote.bin").write_bytes(TEE.sgx_quote(debug, bytes(64)))
    arguments = ("inspect", "quote", "quote.bin", "--format", "package")
    done = place.run(*arguments)
    assert json.loads(done.stdout) == {"UniqueID": "ab" * 32, "Debug": True}
    assert "it is in debug mode: the host can read all of its memory" in done.stderr
    by_signer = json.loads(place.run(*arguments, "--by", "signer").stdout)
    assert by_signer == {
        "SignerID": debug.signer_id.hex(),
        "ProductID": 7,
        "SecurityVersion": 3,
        "Debug": True,
    }
    assert place.run(*arguments[:3], "--by", "signer").returncode == ExitCode.USAGE
    (place.folder / "quote.bin").write_bytes(TEE.tdx_quote(DOMAIN, bytes(64)))
    refused = place.run(*arguments, "--by", "signer")
    assert (refused.returncode, refused.stdout) == (ExitCode.USAGE, "")


async def test_a_state_without_sealing_key(place: Workplace, tmp_path: Path) -> None:
    sealer = OwnersSealer("this platform has no sealing key")
    async with coordinator_in(tmp_path / "state", sealer=sealer) as coordinator:
        await coordinator.set_manifest(manifest(RecoveryKeys={"owner": RecoveryKey().public_pem}))
    shown = place.run("inspect", "sealed-state", str(tmp_path / "state")).stdout
    assert "the owners of the recovery keys open it" in shown
