"""Saved evidence is judged again without network, as strictly as it was when it was saved."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from ringtaw_client import (
    ClientError,
    CoordinatorPolicy,
    EvidenceRejectedError,
    InputError,
    Manifest,
    NameMismatchError,
    PolicyMismatchError,
    Trust,
    VerifiedCoordinator,
    verify,
    verify_offline,
)
from ringtaw_client._answers import update_log
from ringtaw_client._json import Record
from ringtaw_testkit.identities import self_signed

from tests.client.fake_coordinator import GENUINE, POLICY, FakeCoordinator, serving

RAW = b'{"Packages":{},"Marbles":{}}'
ROOT = self_signed("MarbleRun Coordinator")
FILES = {
    "evidence.json",
    "quote.bin",
    "certificates.pem",
    "tls-certificate.pem",
    "collateral.json",
    "manifest.json",
    "manifest.sig",
    "update-log.jsonl",
}
LOG = '{"time":"2026-11-20T08:00:00Z",\n "update":"Initial manifest set"}'


def signed(raw: bytes) -> Manifest:
    assert isinstance(ROOT.key, ec.EllipticCurvePrivateKey)
    return Manifest(raw, ROOT.key.sign(raw, ec.ECDSA(hashes.SHA256())))


MANIFEST = signed(RAW)


@pytest.fixture
def verified(trust: Trust) -> VerifiedCoordinator:
    with serving(FakeCoordinator(ROOT)) as fake:
        return verify(fake.address, POLICY, trust)


@pytest.fixture
def saved(verified: VerifiedCoordinator, tmp_path: Path) -> Path:
    directory = tmp_path / "evidence"
    log = update_log(Record({"updateLog": [LOG, LOG]}))
    verified.save_evidence(directory, MANIFEST, log=log, server_name="127.0.0.1")
    return directory


@pytest.fixture
def offline(trust: Trust) -> Trust:
    """Trust in the same root, with no collateral but what was saved."""
    return replace(trust, collateral="http://127.0.0.1:1")


def test_same_verdict(verified: VerifiedCoordinator, saved: Path, offline: Trust) -> None:
    assert {file.name for file in saved.iterdir()} == FILES
    again = verify_offline(saved, POLICY, offline, manifest=RAW)
    files, *checks = again.checks
    assert (files.name, files.found) == ("files", "7 files with the SHA-256 that was recorded")
    assert tuple(checks[: len(verified.checks)]) == verified.checks
    assert [check.name for check in checks[len(verified.checks) :]] == [
        "certificate",
        "manifest-signature",
        "manifest-fingerprint",
    ]
    assert replace(again.evidence, log=None) == replace(
        verified.evidence, manifest=MANIFEST, server_name="127.0.0.1"
    )
    assert [entry.update for entry in again.evidence.log or ()] == ["Initial manifest set"] * 2
    assert verify_offline(saved, POLICY, offline).identity == verified.identity


def test_without_a_manifest(verified: VerifiedCoordinator, tmp_path: Path, offline: Trust) -> None:
    verified.save_evidence(tmp_path / "new" / "directory")
    again = verify_offline(tmp_path / "new" / "directory", POLICY, offline)
    assert again.checks[1:] == verified.checks
    assert again.evidence.log is None
    with pytest.raises(InputError, match="no manifest was saved"):
        verify_offline(tmp_path / "new" / "directory", POLICY, offline, manifest=RAW)


def test_another_policy_or_manifest(saved: Path, offline: Trust) -> None:
    with pytest.raises(PolicyMismatchError, match="UniqueID"):
        verify_offline(saved, CoordinatorPolicy(unique_id="ee" * 32), offline)
    with pytest.raises(PolicyMismatchError, match="manifest in force is another one"):
        verify_offline(saved, POLICY, offline, manifest=b"another")
    with pytest.raises(PolicyMismatchError, match="another one"):
        verify_offline(saved, POLICY, offline, manifest=b"")


def test_at_another_time(saved: Path, offline: Trust) -> None:
    later = datetime.now(UTC) + timedelta(days=31)
    with pytest.raises(EvidenceRejectedError, match="expired"):
        verify_offline(saved, POLICY, offline, at=later)
    verify_offline(saved, POLICY, offline, at=datetime.now(UTC) + timedelta(days=1))


def test_software_tee_counts_only_by_name(saved: Path, offline: Trust) -> None:
    for trust in (replace(offline, accept_software_tee=False), replace(offline, roots=None)):
        with pytest.raises(EvidenceRejectedError):
            verify_offline(saved, POLICY, trust)


def other_root(directory: Path) -> None:
    (directory / "certificates.pem").write_bytes(self_signed().pem)


def other_tls(directory: Path) -> None:
    (directory / "tls-certificate.pem").write_bytes(self_signed().pem)


def other_nonce(directory: Path) -> None:
    head = json.loads((directory / "evidence.json").read_text())
    (directory / "evidence.json").write_text(json.dumps({**head, "nonce": "00" * 32}))


def other_quote(directory: Path) -> None:
    quote = bytearray((directory / "quote.bin").read_bytes())
    quote[200] ^= 1
    (directory / "quote.bin").write_bytes(quote)


def other_collateral(directory: Path) -> None:
    file = directory / "collateral.json"
    file.write_text(file.read_text().replace("UpToDate", "Revoked"))


def other_manifest(directory: Path) -> None:
    (directory / "manifest.json").write_bytes(RAW + b" ")


def as_of_form_1(directory: Path) -> None:
    """Make the folder one of the time when files were not listed: they are judged by themselves."""
    head = json.loads((directory / "evidence.json").read_text())
    kept = {name: head[name] for name in ("address", "time", "nonce")}
    (directory / "evidence.json").write_text(json.dumps({"form": 1, **kept}))
    (directory / "update-log.jsonl").unlink(missing_ok=True)


def test_folders_of_old(verified: VerifiedCoordinator, saved: Path, offline: Trust) -> None:
    as_of_form_1(saved)
    again = verify_offline(saved, POLICY, offline, manifest=RAW)
    names = [check.name for check in again.checks]
    assert names == [
        *(check.name for check in verified.checks),
        "manifest-signature",
        "manifest-fingerprint",
    ]
    assert (again.evidence.log, again.evidence.marbles, again.evidence.files) == (None, (), 0)
    with pytest.raises(NameMismatchError, match=r"not for other\.example"):
        verify_offline(saved, POLICY, offline, server_name="other.example")


@pytest.mark.parametrize(
    "tamper", [other_root, other_tls, other_nonce, other_quote, other_collateral, other_manifest]
)
def test_tampered_evidence(tamper: object, saved: Path, offline: Trust) -> None:
    assert callable(tamper)
    tamper(saved)
    with pytest.raises(EvidenceRejectedError):
        verify_offline(saved, POLICY, offline)
    as_of_form_1(saved)
    with pytest.raises(EvidenceRejectedError):
        verify_offline(saved, POLICY, offline)


@pytest.mark.parametrize("name", sorted(FILES - {"evidence.json"}))
def test_every_file_is_as_it_was_saved_or_missed(name: str, saved: Path, offline: Trust) -> None:
    file = saved / name
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(EvidenceRejectedError, match=f"{name} is not the file") as caught:
        verify_offline(saved, POLICY, offline)
    assert [(check.name, check.ok) for check in caught.value.checks] == [("files", False)]
    file.unlink()
    with pytest.raises(EvidenceRejectedError, match=f"{name} is not the file") as caught:
        verify_offline(saved, POLICY, offline)
    assert caught.value.checks[0].found == "no such file"


def test_no_file_is_a_pipe_that_never_ends(saved: Path, offline: Trust) -> None:
    (saved / "quote.bin").unlink()
    os.mkfifo(saved / "quote.bin")
    with pytest.raises(InputError, match="no regular file"):
        verify_offline(saved, POLICY, offline)


def test_no_file_is_a_link_to_something_of_the_reader(saved: Path, offline: Trust) -> None:
    (saved / "quote.bin").rename(saved.parent / "secret")
    (saved / "quote.bin").symlink_to(saved.parent / "secret")
    with pytest.raises(InputError, match="no regular file"):
        verify_offline(saved, POLICY, offline)


@pytest.mark.parametrize("strange", ["../outside", "notes.txt", "marble-1.pem", "evidence.json"])
def test_a_list_names_nothing_else(strange: str, saved: Path, offline: Trust) -> None:
    head = json.loads((saved / "evidence.json").read_text())
    head["files"][strange] = "ab" * 32
    (saved / "evidence.json").write_text(json.dumps(head))
    with pytest.raises(InputError, match=f"lists {strange}, which is no part"):
        verify_offline(saved, POLICY, offline)


def test_what_is_outside_is_not_read(saved: Path, offline: Trust) -> None:
    own_key = saved.parent / "own.key"
    own_key.write_bytes(b"secret")
    head = json.loads((saved / "evidence.json").read_text())
    head["files"]["../own.key"] = "ab" * 32
    head["marbles"]["../own.key"] = {"address": "a:1", "name": "a", "type": ""}
    (saved / "evidence.json").write_text(json.dumps(head))
    with pytest.raises(InputError, match="which is no part") as caught:
        verify_offline(saved, POLICY, offline)
    assert sha256(b"secret").hexdigest() not in str(caught.value)


@pytest.mark.parametrize("log", [b"[]\n", b'{"update": 1}\n', b"\xff\n", b'{"time": "x"}\n'])
def test_a_log_that_is_none(log: bytes, saved: Path, offline: Trust) -> None:
    head = json.loads((saved / "evidence.json").read_text())
    head["files"]["update-log.jsonl"] = sha256(log).hexdigest()
    (saved / "evidence.json").write_text(json.dumps(head))
    (saved / "update-log.jsonl").write_bytes(log)
    with pytest.raises(InputError, match="has no usable evidence"):
        verify_offline(saved, POLICY, offline)


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("content", [None, b"", b"\xff\x00", b"{}", b"[1]"])
def test_broken_files(name: str, content: bytes | None, saved: Path, offline: Trust) -> None:
    if content is None:
        (saved / name).unlink()
        if name == "manifest.json":
            return
    else:
        (saved / name).write_bytes(content)
    with pytest.raises(ClientError) as caught:
        verify_offline(saved, POLICY, offline)
    assert str(saved) in str(caught.value)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("form", 0),
        ("form", 3),
        ("files", {"quote.bin": "ab"}),
        ("files", []),
        ("marbles", {"quote.bin": {}}),
        ("server_name", None),
        ("form", "1"),
        ("time", "yesterday"),
        ("time", 5),
        ("nonce", "xyz"),
        ("address", "\x1b"),
    ],
)
def test_broken_heads(member: str, value: object, saved: Path, offline: Trust) -> None:
    file = saved / "evidence.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), member: value}))
    with pytest.raises(InputError):
        verify_offline(saved, POLICY, offline)


def test_evidence_is_never_mixed(
    verified: VerifiedCoordinator, saved: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="not empty"):
        verified.save_evidence(saved)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(InputError, match="cannot write"):
        verified.save_evidence(file)
    shutil.rmtree(saved)
    saved.mkdir()
    verified.save_evidence(saved)
    assert GENUINE.unique_id.hex() in str(verified.checks[4])
