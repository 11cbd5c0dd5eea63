"""``ringtaw verify`` against a real Coordinator, and against those who are none."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ringtaw_attestation import TcbStatus
from ringtaw_attestation.softtee import SoftwarePlatform, write_software_collateral
from ringtaw_cli.exits import ExitCode
from ringtaw_schemas import cli_schema
from ringtaw_testkit.identities import self_signed

from tests.cli.installed import Workplace
from tests.cli.terminal import in_terminal
from tests.cli.verifying import IDENTITY, MANIFEST, Deployment, at_home, failed_checks, save
from tests.client.fake_coordinator import GENUINE, FakeCoordinator, serving, success
from tests.client.fake_marble import marble
from tests.support.attested_mesh import attested_mesh
from tests.support.coordinator_process import coordinator_process
from tests.support.deployments import manifest
from tests.support.evidence import TEE


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with (
        attested_mesh(tmp_path_factory.mktemp("verified")) as mesh,
        mesh.coordinator() as coordinator,
    ):
        coordinator.set_manifest(MANIFEST)
        yield Deployment(mesh, coordinator)


@pytest.fixture
def home(place: Workplace) -> Workplace:
    return at_home(place)


@pytest.fixture
def fake_basis(tmp_path: Path) -> tuple[str, ...]:
    """Options with which an honest fake Coordinator is the wanted one."""
    (tmp_path / "fake").mkdir()
    collateral = write_software_collateral(TEE, tmp_path / "fake", datetime.now(UTC))
    roots = tmp_path / "fake" / "roots.pem"
    roots.write_bytes(TEE.root_ca.pem)
    trust = ("--trusted-roots", str(roots), "--accept-software-tee")
    return ("--unique-id", GENUINE.unique_id.hex(), *trust, "--collateral", str(collateral))


def parsed(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    Draft202012Validator(cli_schema("verification")).validate(document)
    return document


def test_every_link_of_the_chain_is_a_line(
    home: Workplace, deployment: Deployment, tmp_path: Path
) -> None:
    (home.folder / "manifest.json").write_bytes(MANIFEST)
    with marble(*deployment.activate(), tmp_path) as port:
        done = home.run(
            "verify",
            deployment.address,
            f"frontend=localhost:{port}",
            *deployment.basis,
            "--manifest",
            "manifest.json",
        )
    assert done.returncode == ExitCode.OK, done.stderr
    checks = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("  ✓")]
    assert checks == [
        *("quote", "hardware", "binding", "tls", "UniqueID", "Debug", "TCB", "collateral"),
        *("certificate", "manifest-signature", "manifest-fingerprint"),
        *("marble-certificate", "marble-manifest", "marble-type"),
    ]
    assert "14 checks passed, by a SOFTWARE TEE, which protects nothing" in done.stdout
    assert "SOFTWARE TEE is accepted" in done.stderr
    assert "· update-log            1 entry, the latest of" in done.stdout
    assert "· marble-uuid" in done.stdout


def test_json_keeps_the_schema(home: Workplace, deployment: Deployment, tmp_path: Path) -> None:
    fingerprint = sha256(MANIFEST).hexdigest()
    arguments = (*deployment.basis, "--fingerprint", fingerprint, "--format", "json")
    with marble(*deployment.activate(), tmp_path) as port:
        done = home.run("verify", deployment.address, f"localhost:{port}", *arguments)
    found = parsed(done.stdout)
    (one,) = found["marbles"]
    assert (one["address"], one["type"]) == (f"localhost:{port}", "frontend")
    assert found["verified"]
    assert found["manifest"] == {"fingerprint": fingerprint}
    assert found["coordinator"]["software_tee"]


def test_a_terminal_gets_colour_and_a_pipe_in_ascii_gets_words(
    home: Workplace, deployment: Deployment
) -> None:
    home.environment |= {"TERM": "xterm", "LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8"}
    _, shown = in_terminal(home, "verify", deployment.address, *deployment.basis)
    assert "\x1b[32m\x1b[1m✓" in shown
    home.environment["PYTHONIOENCODING"] = "ascii"
    done = home.run("verify", deployment.address, *deployment.basis)
    assert "  ok     quote " in done.stdout
    assert "✓" not in done.stdout


def test_without_a_wanted_coordinator_nothing_is_asked(home: Workplace) -> None:
    done = home.run("verify", "localhost:1")
    assert done.returncode == ExitCode.USAGE
    assert "nothing says which Coordinator is wanted" in done.stderr
    assert "--insecure" not in done.stderr
    assert home.run("verify", "localhost:1", "--insecure").returncode == ExitCode.USAGE


def test_the_era_config_in_the_folder_counts(home: Workplace, deployment: Deployment) -> None:
    home.write("coordinator-era.json", json.dumps({"UniqueID": IDENTITY[1]}))
    rest = (*deployment.roots, "--pccs", deployment.mesh.pccs.url)
    assert home.run("verify", deployment.address, *rest).returncode == ExitCode.OK
    both = home.run("verify", deployment.address, "-e", "coordinator-era.json", *deployment.basis)
    assert both.returncode == ExitCode.USAGE


def test_another_measurement(home: Workplace, deployment: Deployment) -> None:
    wrong = ("--unique-id", "ab" * 32, *deployment.basis[2:])
    done = home.run("verify", deployment.address, *wrong)
    assert done.returncode == ExitCode.POLICY_MISMATCH
    assert failed_checks(done) == ["UniqueID"]
    assert f"expected {'ab' * 32}, found {IDENTITY[1]}" in done.stdout
    assert "NOT VERIFIED: 1 of 7 checks failed" in done.stdout


def test_a_software_tee_counts_only_if_it_is_named(home: Workplace, deployment: Deployment) -> None:
    without = [one for one in deployment.basis if one != "--accept-software-tee"]
    done = home.run("verify", deployment.address, *without)
    assert (done.returncode, failed_checks(done)) == (ExitCode.EVIDENCE_REJECTED, ["hardware"])
    unnamed = home.run(
        "verify",
        deployment.address,
        *IDENTITY,
        "--accept-software-tee",
        "--pccs",
        deployment.mesh.pccs.url,
    )
    assert (unnamed.returncode, failed_checks(unnamed)) == (ExitCode.EVIDENCE_REJECTED, ["quote"])


def test_another_manifest(home: Workplace, deployment: Deployment) -> None:
    done = home.run("verify", deployment.address, *deployment.basis, "--fingerprint", "00" * 32)
    assert done.returncode == ExitCode.POLICY_MISMATCH
    assert failed_checks(done) == ["manifest-fingerprint"]
    unset = home.run("verify", deployment.address, *deployment.basis, "--fingerprint", "")
    assert unset.returncode == ExitCode.USAGE


def test_another_name(home: Workplace, deployment: Deployment) -> None:
    wrong = home.run(
        "verify", deployment.address, *deployment.basis, "--server-name", "other.example"
    )
    assert (wrong.returncode, failed_checks(wrong)) == (10, ["certificate"])


def test_the_pin_of_another_coordinator(home: Workplace, deployment: Deployment) -> None:
    (home.folder / "other.pem").write_bytes(self_signed("MarbleRun Coordinator").pem)
    done = home.run(
        "verify", deployment.address, *deployment.basis, "--coordinator-cert", "other.pem"
    )
    assert (done.returncode, failed_checks(done)) == (10, ["pin"])
    evidence = save(home, deployment)
    good = home.run(
        "verify",
        deployment.address,
        *deployment.basis,
        "--coordinator-cert",
        str(evidence / "certificates.pem"),
    )
    assert good.returncode == ExitCode.OK
    assert "✓ pin " in good.stdout


def test_what_other_commands_remember_counts(home: Workplace, deployment: Deployment) -> None:
    home.environment["XDG_CONFIG_HOME"] = str(home.folder / "config")
    home.write("era.json", json.dumps({"UniqueID": IDENTITY[1]}))
    options = ("--collateral", deployment.mesh.pccs.url, *deployment.roots, "-e", "era.json")
    assert home.run("status", deployment.address, *options).returncode == ExitCode.OK
    assert "✓ pin " in home.run("verify", deployment.address, *options).stdout
    (remembered,) = (home.folder / "config" / "ringtaw" / "coordinators").iterdir()
    remembered.write_bytes(self_signed("MarbleRun Coordinator").pem)
    done = home.run("verify", deployment.address, *options)
    assert (done.returncode, failed_checks(done)) == (ExitCode.EVIDENCE_REJECTED, ["pin"])


def test_evidence_that_cannot_be_saved_changes_no_verdict(
    home: Workplace, deployment: Deployment
) -> None:
    home.write("file", "")
    arguments = (deployment.address, *deployment.basis, "--save-evidence", "file/evidence")
    told = home.run("verify", *arguments)
    assert told.returncode == ExitCode.FAILED
    assert "10 checks passed" in told.stdout
    assert "cannot write to file/evidence" in told.stderr
    found = parsed(home.run("verify", *arguments, "--format", "json").stdout)
    assert found["verified"]
    assert [error["exit_code"] for error in found["errors"]] == [ExitCode.FAILED]


def test_nothing_is_saved_of_a_coordinator_that_does_not_pass(
    home: Workplace, deployment: Deployment
) -> None:
    wrong = ("--unique-id", "ab" * 32, *deployment.basis[2:])
    done = home.run("verify", deployment.address, *wrong, "--save-evidence", "evidence")
    assert done.returncode == ExitCode.POLICY_MISMATCH
    assert "· saved                 nothing: the Coordinator did not pass" in done.stdout
    assert not (home.folder / "evidence").exists()


def test_nobody_answers(home: Workplace, deployment: Deployment) -> None:
    done = home.run("verify", "localhost:1", *deployment.basis, "--format", "json")
    assert done.returncode == ExitCode.UNREACHABLE
    found = parsed(done.stdout)
    assert not found["verified"]
    assert found["errors"][0]["exit_code"] == ExitCode.UNREACHABLE


def test_the_marble_of_another_deployment(
    home: Workplace, deployment: Deployment, tmp_path: Path
) -> None:
    with coordinator_process(tmp_path / "other") as other:
        other.set_manifest(manifest())
        given = other.activate("frontend").environment
    chain = given["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"]
    with marble(chain, given["MARBLE_PREDEFINED_PRIVATE_KEY"], tmp_path) as port:
        done = home.run("verify", deployment.address, f"localhost:{port}", *deployment.basis)
    assert done.returncode == ExitCode.EVIDENCE_REJECTED
    assert failed_checks(done) == ["marble-certificate"]


def test_all_marbles_are_looked_at_and_the_gravest_error_counts(
    home: Workplace, deployment: Deployment, tmp_path: Path
) -> None:
    with marble(*deployment.activate(), tmp_path) as port:
        done = home.run(
            "verify",
            deployment.address,
            "localhost:1",
            f"backend=localhost:{port}",
            f"frontend=localhost:{port}",
            *deployment.basis,
            "--save-evidence",
            "evidence",
        )
    assert done.returncode == ExitCode.POLICY_MISMATCH
    assert failed_checks(done) == ["marble-certificate", "marble-type"]
    assert done.stderr.count("error: ") == 2
    assert "· saved                 evidence, without 2 Marbles that failed" in done.stdout
    head = json.loads(home.read("evidence/evidence.json"))
    assert [each["type"] for each in head["marbles"].values()] == ["frontend"]


def test_an_old_tcb(home: Workplace, fake_basis: tuple[str, ...]) -> None:
    fake = FakeCoordinator(platform=SoftwarePlatform(status=TcbStatus.OUT_OF_DATE))
    with serving(fake):
        done = home.run("verify", fake.address, *fake_basis)
        accepted = home.run(
            "verify", fake.address, *fake_basis, "--accepted-tcb-statuses", "OutOfDate"
        )
    assert done.returncode == ExitCode.POLICY_MISMATCH
    assert failed_checks(done) == ["TCB"]
    assert "✓ TCB status" in accepted.stdout


def test_a_certificate_that_was_swapped(home: Workplace, fake_basis: tuple[str, ...]) -> None:
    with serving(FakeCoordinator(tls=self_signed("MarbleRun Coordinator"))) as fake:
        done = home.run("verify", fake.address, *fake_basis)
    assert (done.returncode, failed_checks(done)) == (ExitCode.EVIDENCE_REJECTED, ["tls"])


def test_evidence_that_was_replayed(home: Workplace, fake_basis: tuple[str, ...]) -> None:
    old = TEE.sgx_quote(GENUINE, bytes(64))
    with serving(FakeCoordinator(quote=lambda _: old)) as fake:
        done = home.run("verify", fake.address, *fake_basis)
    assert (done.returncode, failed_checks(done)) == (ExitCode.EVIDENCE_REJECTED, ["binding"])


def test_a_manifest_whose_signature_was_tampered_with(
    home: Workplace, fake_basis: tuple[str, ...]
) -> None:
    answer = {
        "manifest": base64.b64encode(MANIFEST).decode(),
        "manifestFingerprint": sha256(MANIFEST).hexdigest(),
        "manifestSignatureRootECDSA": base64.b64encode(b"0" * 70).decode(),
    }
    fake = FakeCoordinator()
    fake.answers = {
        "/api/v2/status": success({"code": 3, "message": "running"}),
        "/api/v2/manifest": success(answer),
    }
    with serving(fake):
        done = home.run("verify", fake.address, *fake_basis)
    assert done.returncode == ExitCode.EVIDENCE_REJECTED
    assert failed_checks(done) == ["manifest-signature"]


def test_collateral_that_has_expired(home: Workplace, tmp_path: Path) -> None:
    issued = datetime.now(UTC) - timedelta(days=40)
    collateral = write_software_collateral(TEE, tmp_path, issued)
    (tmp_path / "roots.pem").write_bytes(TEE.root_ca.pem)
    options = ("--unique-id", GENUINE.unique_id.hex(), "--accept-software-tee")
    with serving(FakeCoordinator()) as fake:
        done = home.run(
            "verify",
            fake.address,
            *options,
            "--trusted-roots",
            "roots.pem",
            "--collateral",
            str(collateral),
        )
    assert done.returncode in (ExitCode.EVIDENCE_REJECTED, ExitCode.UNREACHABLE)
    assert "expired" in done.stdout


def test_what_a_stranger_says_moves_no_cursor(home: Workplace, fake_basis: tuple[str, ...]) -> None:
    fake = FakeCoordinator()
    fake.answers = {"/api/v2/status": success({"code": 2, "message": "a\x1b[2Jb"})}
    with serving(fake):
        done = home.run("verify", fake.address, *fake_basis)
    assert done.returncode == ExitCode.OK
    assert "\x1b" not in done.stdout


def test_check_waits_for_silence_alone(home: Workplace, deployment: Deployment) -> None:
    done = home.run("check", deployment.address, *deployment.basis, "--format", "json")
    Draft202012Validator(cli_schema("readiness")).validate(json.loads(done.stdout))
    assert json.loads(done.stdout)["code"] == 3
    silent = home.run("check", "localhost:1", *deployment.basis, "--wait", "0.6")
    assert silent.returncode == ExitCode.UNREACHABLE
    wrong = ("--unique-id", "ab" * 32, *deployment.basis[2:])
    assert home.run("check", deployment.address, *wrong).returncode == 11
    assert "kubectl" in home.run("check").stderr
