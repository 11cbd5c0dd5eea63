"""``ringtaw verify --evidence``: offline, and every file of the directory counts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ringtaw_cli.exits import ExitCode

from tests.cli.installed import Done, Workplace, workplace
from tests.cli.verifying import IDENTITY, MANIFEST, Deployment, at_home, failed_checks, save
from tests.support.attested_mesh import attested_mesh


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workplace, tuple[str, ...]]:
    """A person with evidence of a deployment that is gone, and the options to judge it with."""
    place = at_home(workplace(tmp_path_factory.mktemp("auditor")))
    with attested_mesh(tmp_path_factory.mktemp("gone")) as mesh, mesh.coordinator() as coordinator:
        coordinator.set_manifest(MANIFEST)
        deployment = Deployment(mesh, coordinator)
        save(place, deployment)
    (place.folder / "manifest.json").write_bytes(MANIFEST)
    return place, (*IDENTITY, *deployment.roots)


def judged(saved: tuple[Workplace, tuple[str, ...]], *further: str, name: str = "evidence") -> Done:
    place, options = saved
    return place.run("verify", "--evidence", name, *options, *further)


def test_the_same_verdict_offline(saved: tuple[Workplace, tuple[str, ...]]) -> None:
    done = judged(saved, "--manifest", "manifest.json")
    assert done.returncode == ExitCode.OK
    assert "10 checks passed" in done.stdout
    assert "which nobody has signed" in done.stderr
    now = judged(saved, "--at", "now")
    assert now.returncode == ExitCode.OK
    assert "which nobody has signed" not in now.stderr


def test_collateral_is_of_its_time(saved: tuple[Workplace, tuple[str, ...]]) -> None:
    later = judged(saved, "--at", "2049-01-01T00:00:00Z")
    assert (later.returncode, failed_checks(later)) == (ExitCode.EVIDENCE_REJECTED, ["quote"])
    assert "expired" in later.stdout
    assert judged(saved, "--at", "2026-01-01").returncode == ExitCode.USAGE


def test_another_manifest_than_the_saved_one(saved: tuple[Workplace, tuple[str, ...]]) -> None:
    done = judged(saved, "--fingerprint", "00" * 32)
    assert done.returncode == ExitCode.POLICY_MISMATCH
    assert failed_checks(done) == ["manifest-fingerprint"]


@pytest.mark.parametrize(
    "name",
    [
        "quote.bin",
        "certificates.pem",
        "tls-certificate.pem",
        "collateral.json",
        "manifest.json",
        "manifest.sig",
        "evidence.json",
    ],
)
def test_no_file_can_be_tampered_with(
    saved: tuple[Workplace, tuple[str, ...]], tmp_path: Path, name: str
) -> None:
    evidence = tmp_path / "tampered"
    shutil.copytree(saved[0].folder / "evidence", evidence)
    content = bytearray((evidence / name).read_bytes())
    position = content.index(b'"nonce": "') + 12 if name == "evidence.json" else 100
    position = min(position, len(content) // 2) if name == "manifest.sig" else position
    content[position] = ord("0") if content[position] != ord("0") else ord("1")
    (evidence / name).write_bytes(content)
    done = judged(saved, "--manifest", "manifest.json", name=str(evidence))
    assert done.returncode in (
        ExitCode.EVIDENCE_REJECTED,
        ExitCode.POLICY_MISMATCH,
        ExitCode.FAILED,
    )
    assert "checks passed" not in done.stdout
    assert "Traceback" not in done.stderr


def test_a_manifest_that_was_removed_is_missed(
    saved: tuple[Workplace, tuple[str, ...]], tmp_path: Path
) -> None:
    evidence = tmp_path / "without"
    shutil.copytree(saved[0].folder / "evidence", evidence)
    (evidence / "manifest.json").unlink()
    done = judged(saved, "--manifest", "manifest.json", name=str(evidence))
    assert done.returncode == ExitCode.FAILED
    assert "no manifest was saved" in done.stderr


def test_the_recorded_time_is_no_way_around_the_collateral(
    saved: tuple[Workplace, tuple[str, ...]], tmp_path: Path
) -> None:
    evidence = tmp_path / "old"
    shutil.copytree(saved[0].folder / "evidence", evidence)
    head = json.loads((evidence / "evidence.json").read_text())
    head["time"] = "2020-01-01T00:00:00+00:00"
    (evidence / "evidence.json").write_text(json.dumps(head))
    assert judged(saved, name=str(evidence)).returncode == ExitCode.EVIDENCE_REJECTED


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give HOST:PORT of a Coordinator, or --evidence DIR"),
        (("localhost:1", "--evidence", "evidence"), "give HOST:PORT"),
        (("localhost:1", "--at", "now"), "--at is for --evidence"),
        (("--evidence", "evidence", "--save-evidence", "x"), "nobody to ask"),
        (("localhost:1", "--save-evidence", "evidence"), "evidence exists"),
        (("localhost:1", "--fingerprint", "abc"), "64 hexadecimal digits"),
    ],
)
def test_what_would_be_ignored_is_refused(
    saved: tuple[Workplace, tuple[str, ...]], arguments: tuple[str, ...], message: str
) -> None:
    done = saved[0].run("verify", *arguments, *IDENTITY)
    assert done.returncode == ExitCode.USAGE
    assert message in done.stderr
