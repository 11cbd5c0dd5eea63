"""``ringtaw manifest diff``: what an update would mean, held against what a Coordinator does."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from ringtaw_cli.exits import ExitCode
from ringtaw_schemas import cli_schema

from tests.cli.installed import Done, Workplace
from tests.support.coordinator_process import coordinator_process
from tests.support.deployments import RecoveryKey
from tests.support.people import person, updatable

SECRETS = {
    "disk": {"Type": "symmetric-key", "Size": 128, "Shared": True},
    "resized": {"Type": "symmetric-key", "Size": 128, "Shared": True},
    "tls": {"Type": "cert-ecdsa", "Size": 256, "Shared": True},
    "own": {"Type": "cert-ecdsa", "Size": 256},
    "token": {"Type": "plain", "UserDefined": True},
    "gone": {"Type": "symmetric-key", "Size": 128},
}


def compare(place: Workplace, old: bytes, new: bytes, *further: str) -> Done:
    (place.folder / "old.json").write_bytes(old)
    (place.folder / "new.json").write_bytes(new)
    return place.run("manifest", "diff", "old.json", "new.json", *further)


def meaning(place: Workplace, old: bytes, new: bytes) -> dict[str, Any]:
    done = compare(place, old, new, "--format", "json")
    assert done.returncode == ExitCode.OK, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    Draft202012Validator(cli_schema("manifest-diff")).validate(document)
    return document


def test_no_difference(place: Workplace) -> None:
    pretty = json.dumps(json.loads(updatable("alice")), indent=4).encode()
    assert meaning(place, updatable("alice"), pretty)["kind"] == "none"
    assert "no difference in meaning" in compare(place, updatable("alice"), pretty).stdout


def test_an_update_of_packages(place: Workplace) -> None:
    update = json.dumps({"Packages": {"frontend": {"SecurityVersion": 5}}}).encode()
    found = meaning(place, updatable("alice", Secrets=SECRETS), update)
    assert found["kind"] == "packages"
    assert (found["users"], found["acknowledgements"]) == (["rita"], 1)
    assert found["changes"] == [
        {
            "section": "Packages",
            "name": "frontend",
            "change": "changed",
            "details": ["security_version 3 -> 5"],
        }
    ]
    assert found["secrets"]["disk"] == "kept"
    assert found["secrets"]["tls"] == "regenerated"
    assert not found["new_recovery_secrets"]


def test_a_full_update_tells_the_fate_of_every_secret(place: Workplace) -> None:
    new = {name: value for name, value in SECRETS.items() if name != "gone"}
    new |= {"resized": {**SECRETS["resized"], "Size": 256}, "fresh": SECRETS["disk"]}
    found = meaning(
        place,
        updatable("alice", "bob", "carol", threshold=2, Secrets=SECRETS),
        updatable("alice", "bob", "carol", threshold=2, Secrets=new),
    )
    assert found["kind"] == "full"
    assert (found["users"], found["acknowledgements"]) == (["alice", "bob", "carol"], 2)
    assert found["secrets"] == {
        "disk": "kept",
        "resized": "regenerated",
        "tls": "regenerated",
        "own": "regenerated for each Marble that starts",
        "token": "kept",
        "fresh": "generated",
        "gone": "removed",
    }


def test_what_is_kept_is_one_line_however_much_it_is(place: Workplace) -> None:
    secret = {"Type": "symmetric-key", "Size": 128, "Shared": True}
    for count, said in ((2, "s0, s1"), (300, "300")):
        secrets = {f"s{number}": secret for number in range(count)}
        old = updatable("alice", "bob", Secrets=secrets)
        new = updatable("alice", "bob", threshold=1, Secrets=secrets)
        shown = compare(place, old, new).stdout.splitlines()
        assert [line for line in shown if "secret" in line and "recovery" not in line] == [
            f"secrets that are kept: {said}"
        ]


def test_recovery_and_what_is_dangerous(place: Workplace) -> None:
    keys = {name: {name: RecoveryKey().public_pem} for name in ("one", "other")}
    old = updatable("alice", RecoveryKeys=keys["one"])
    found = meaning(place, old, updatable("alice", RecoveryKeys=keys["other"]))
    assert found["new_recovery_secrets"]
    assert not meaning(place, old, old)["new_recovery_secrets"]
    packages = {
        "frontend": {"SignerID": "aa" * 32, "ProductID": 1, "SecurityVersion": 2, "Debug": True}
    }
    worse = json.loads(old)
    worse["Packages"] |= packages
    worse["RecoveryKeys"] = {}
    worse["Users"] = {}
    warnings = " ".join(meaning(place, old, json.dumps(worse).encode())["warnings"])
    assert "admits debug enclaves" in warnings
    assert "goes back to SecurityVersion 2 from 3" in warnings
    assert "this update is the last one" in warnings
    assert "without recovery keys" in warnings


def test_what_marbles_receive_is_not_shown(place: Workplace) -> None:
    new = json.loads(updatable("alice"))
    new["Marbles"]["frontend"]["Parameters"]["Env"]["TOKEN"] = "hunter2"
    done = compare(place, updatable("alice"), json.dumps(new).encode())
    assert "Marbles frontend\n    parameters\n" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


def test_a_manifest_that_is_none(place: Workplace) -> None:
    done = compare(place, updatable("alice"), b'{"Packages": 1}')
    assert done.returncode == ExitCode.POLICY_MISMATCH
    assert "ringtaw manifest check new.json lists everything" in done.stderr
    unknown = json.dumps({"Packages": {"nobody": {"SecurityVersion": 5}}}).encode()
    assert "has no package 'nobody'" in compare(place, updatable("alice"), unknown).stderr


def test_the_coordinator_asks_as_many_as_was_said(place: Workplace, tmp_path: Path) -> None:
    old = updatable("alice", "bob")
    new = updatable("alice", "bob", Secrets={"disk": SECRETS["disk"]})
    said = meaning(place, old, new)
    with coordinator_process(tmp_path / "state") as coordinator:
        coordinator.set_manifest(old)
        (tmp_path / "alice.pem").write_bytes(person("alice").pem)
        (tmp_path / "alice.key").write_bytes(person("alice").key_pem)
        port = coordinator.client_address[1]
        done = place.run(
            *("manifest", "update", "apply", "new.json", f"localhost:{port}", "--insecure"),
            *("--cert", str(tmp_path / "alice.pem"), "--key", str(tmp_path / "alice.key")),
        )
        assert done.returncode == ExitCode.OK, done.stderr
        waiting = coordinator.call("GET", "/api/v2/update-manifest")["data"]
    assert said["acknowledgements"] == 2
    assert waiting["manifest"] == b64encode(new).decode()
    assert waiting["missingUsers"] == ["bob"]
