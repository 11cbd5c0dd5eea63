"""``ringtaw verify --evidence``: offline, and every file of the directory counts."""

from __future__ import annotations

import json
import re
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ringtaw_cli.exits import ExitCode
from ringtaw_schemas import cli_schema
from ringtaw_testkit.identities import self_signed

from tests.cli.installed import Done, Workplace, workplace
from tests.cli.verifying import IDENTITY, MANIFEST, Deployment, at_home, failed_checks, save
from tests.client.fake_marble import marble
from tests.support.attested_mesh import attested_mesh


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workplace, tuple[str, ...]]:
    """A person with evidence of a deployment that is gone, and the options to judge it with."""
    place = at_home(workplace(tmp_path_factory.mktemp("auditor")))
    gone = tmp_path_factory.mktemp("gone")
    with attested_mesh(gone) as mesh, mesh.coordinator() as coordinator:
        coordinator.set_manifest(MANIFEST)
        deployment = Deployment(mesh, coordinator)
        with marble(*deployment.activate(), gone) as port:
            save(place, deployment, f"frontend=localhost:{port}")
    (place.folder / "manifest.json").write_bytes(MANIFEST)
    return place, (*IDENTITY, *deployment.roots)


def judged(saved: tuple[Workplace, tuple[str, ...]], *further: str, name: str = "evidence") -> Done:
    place, options = saved
    return place.run("verify", "--evidence", name, *options, *further)


def test_the_same_verdict_offline(saved: tuple[Workplace, tuple[str, ...]]) -> None:
    done = judged(saved, "--manifest", "manifest.json")
    assert done.returncode == ExitCode.OK
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("  ✓")] == [
        *("files", "quote", "hardware", "binding", "tls", "UniqueID", "Debug", "TCB"),
        *("certificate", "manifest-signature", "collateral", "manifest-fingerprint"),
        *("marble-certificate", "marble-manifest", "marble-type"),
    ]
    assert "15 checks passed" in done.stdout
    assert re.search("· update-log +1 entry, the latest of .*nobody has signed it", done.stdout)
    assert "· marble-key            absent: " in done.stdout
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


@pytest.mark.parametrize("name", ["quote.bin", "marble-1.pem", "evidence.json"])
def test_files_cannot_be_tampered_with(
    saved: tuple[Workplace, tuple[str, ...]], tmp_path: Path, name: str
) -> None:
    evidence = tmp_path / "tampered"
    shutil.copytree(saved[0].folder / "evidence", evidence)
    content = bytearray((evidence / name).read_bytes())
    position = content.index(b'"nonce": "') + 12 if name == "evidence.json" else 100
    position = min(position, len(content) // 2)
    content[position] = ord("0") if content[position] != ord("0") else ord("1")
    (evidence / name).write_bytes(content)
    done = judged(saved, "--manifest", "manifest.json", name=str(evidence))
    assert done.returncode == ExitCode.EVIDENCE_REJECTED
    assert failed_checks(done) == ["binding" if name == "evidence.json" else "files"]
    assert "checks passed" not in done.stdout
    assert "Traceback" not in done.stderr


def unlisted(evidence: Path, *removed: str) -> None:
    """Make the folder what an earlier version saved, without a list of the files."""
    head = json.loads((evidence / "evidence.json").read_text())
    head = {name: head[name] for name in ("address", "time", "nonce")}
    (evidence / "evidence.json").write_text(json.dumps({"form": 1, **head}))
    for name in ("update-log.jsonl", "marble-1.pem", *removed):
        (evidence / name).unlink()


def test_folders_of_old_lack_some_checks(
    saved: tuple[Workplace, tuple[str, ...]], tmp_path: Path
) -> None:
    evidence = tmp_path / "old"
    shutil.copytree(saved[0].folder / "evidence", evidence)
    unlisted(evidence, "manifest.json", "manifest.sig")
    done = judged(saved, name=str(evidence))
    assert done.returncode == ExitCode.OK
    assert re.findall(r"  · (\S+) +absent: ", done.stdout) == [
        *("files", "manifest", "marbles", "update-log"),
    ]
    assert "(for which name was not saved)" in done.stdout
    assert "8 checks passed" in done.stdout
    wanted = judged(saved, "--manifest", "manifest.json", name=str(evidence))
    assert (wanted.returncode, failed_checks(wanted)) == (ExitCode.POLICY_MISMATCH, ["manifest"])


def test_those_who_are_named_must_be_in_it(saved: tuple[Workplace, tuple[str, ...]]) -> None:
    head = json.loads((saved[0].folder / "evidence" / "evidence.json").read_text())
    ((_, one),) = head["marbles"].items()
    named = judged(saved, head["address"], f"frontend={one['address']}")
    assert named.returncode == ExitCode.OK
    assert "✓ address " in named.stdout
    other = judged(saved, "other.example:4433")
    assert (other.returncode, failed_checks(other)) == (ExitCode.POLICY_MISMATCH, ["address"])
    missing = judged(saved, head["address"], "localhost:1")
    assert failed_checks(missing) == ["marble-certificate"]
    assert "nothing was saved of it" in missing.stderr
    wrong_type = judged(saved, head["address"], f"backend={one['address']}")
    assert failed_checks(wrong_type) == ["marble-type"]
    name = judged(saved, "--server-name", "other.example")
    assert (name.returncode, failed_checks(name)) == (10, ["certificate"])


def test_what_is_no_evidence(saved: tuple[Workplace, tuple[str, ...]], tmp_path: Path) -> None:
    nothing = judged(saved, name=str(tmp_path))
    assert nothing.returncode == ExitCode.FAILED
    assert f"{tmp_path}: there is no evidence.json" in nothing.stderr
    assert "Traceback" not in nothing.stderr
    place, options = saved
    traced = place.run("--debug", "verify", "--evidence", str(tmp_path), *options)
    assert "Traceback" in traced.stderr
    junk = judged(saved, "--coordinator-cert", "evidence/quote.bin")
    assert junk.returncode == ExitCode.FAILED
    assert "evidence/quote.bin, which should say whom to trust" in junk.stderr


def test_the_marble_of_another_deployment(
    saved: tuple[Workplace, tuple[str, ...]], tmp_path: Path
) -> None:
    evidence = tmp_path / "mixed"
    shutil.copytree(saved[0].folder / "evidence", evidence)
    stranger = self_signed().pem
    (evidence / "marble-1.pem").write_bytes(stranger)
    head = json.loads((evidence / "evidence.json").read_text())
    head["files"]["marble-1.pem"] = sha256(stranger).hexdigest()
    (evidence / "evidence.json").write_text(json.dumps(head))
    done = judged(saved, "--format", "json", name=str(evidence))
    document = json.loads(done.stdout)
    Draft202012Validator(cli_schema("verification")).validate(document)
    assert done.returncode == ExitCode.EVIDENCE_REJECTED
    assert document["marbles"] == []
    assert [one["name"] for one in document["checks"] if one["result"] == "failed"] == [
        "marble-certificate"
    ]


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
        (("frontend=localhost:1", "--evidence", "evidence"), "the first address is the Coord"),
        (("localhost:1", "--at", "now"), "--at is for --evidence"),
        (("--evidence", "evidence", "--save-evidence", "x"), "nothing to save"),
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
