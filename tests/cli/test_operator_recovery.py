"""A disaster, and recovery by two of three owners with the installed command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from ringtaw_cli.exits import ExitCode

from tests.cli.operators import Office, attested_office, recovery_keys, validated
from tests.support.attested_mesh import AttestedMesh, attested_mesh, frontend

ERA = ("-e", "era.json", "--accept-software-tee")
MANIFEST = frontend(
    RecoveryKeys=recovery_keys("ann", "bea", "cid"), Config={"RecoveryThreshold": 2}
)


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttestedMesh]:
    with attested_mesh(tmp_path_factory.mktemp("mesh")) as mesh:
        yield mesh


@pytest.fixture
def place(tmp_path: Path, mesh: AttestedMesh) -> Iterator[Office]:
    """A Coordinator that lost its sealing key, and the owners with their secrets."""
    state = f"state-{tmp_path.name}"
    with mesh.coordinator(state=state) as coordinator:
        place = attested_office(tmp_path, mesh, coordinator)
        place.write("manifest.json", MANIFEST.decode())
        words = ("manifest", "set", "manifest.json", place.address, *ERA)
        done = place.run(*words, "--coordinator-cert", "root.pem")
        assert done.returncode == ExitCode.OK, done.stderr
        place.hand_out(done.stdout)
    (mesh.directory / state / "sealed_key").unlink()
    with mesh.coordinator(state=state) as coordinator:
        place.address = f"127.0.0.1:{coordinator.client_address[1]}"
        yield place


def test_two_of_three_owners_recover(place: Office) -> None:
    waiting = place.run("status", place.address, "--coordinator-cert", "root.pem")
    assert waiting.returncode == ExitCode.EVIDENCE_REJECTED
    assert "waits for recovery" in waiting.stderr
    known = ("--coordinator-cert", "root.pem", "--format", "json")
    verified = place.run("status", place.address, *ERA, *known)
    assert validated("status", verified.stdout)["state"] == "recovery"
    assert "nothing is remembered" in verified.stderr

    ann = ("-k", place.owner("ann"), *ERA)
    first = place.run("recover", "ann.secret", place.address, "--format", "json", *ann)
    assert validated("recovery", first.stdout) == {"version": 1, "remaining": 2}
    bea = ("-k", place.owner("bea"), *ERA)
    assert place.run("recover", "bea.secret", place.address, *bea).returncode == ExitCode.OK

    recovered = place.run("manifest", "get", place.address, "--coordinator-cert", "root.pem")
    assert recovered.stdout == MANIFEST.decode() + "\n"
    assert not place.pins


def test_who_sends_a_secret_need_not_see_it(place: Office) -> None:
    """The owners sign and encrypt; somebody else, without any key, sends."""
    verb = "recover-with-signature"
    key = place.run(verb, "public-key", place.address, *ERA)
    assert key.stdout.startswith("-----BEGIN PUBLIC KEY-----\n")
    place.write("coordinator.pem", key.stdout)
    for name in ("bea", "cid"):
        own = (f"{name}.secret", "-k", place.owner(name))
        signed = place.run(verb, "sign-secret", *own, "-o", f"{name}.sig")
        words = (*own, "--coordinator-pub-key", "coordinator.pem", "-o", f"{name}.encrypted")
        encrypted = place.run(verb, "encrypt-secret", *words)
        assert (signed.returncode, encrypted.returncode) == (0, 0), encrypted.stderr
        sent = (f"{name}.encrypted", place.address, "-s", f"{name}.sig", *ERA)
        assert place.run(verb, *sent).returncode == ExitCode.OK
    status = place.run("status", place.address, "--coordinator-cert", "root.pem")
    assert status.stdout.startswith("3: ")


def test_mistakes_of_owners_are_told_before_anything_is_sent(place: Office) -> None:
    place.owner("bea")
    wrong = place.run("recover", "ann.secret", place.address, "-k", "bea.key", *ERA)
    assert wrong.returncode == ExitCode.FAILED
    assert "not encrypted to this key" in wrong.stderr
    keyless = place.run("recover", "ann.secret", place.address, *ERA)
    assert keyless.returncode == ExitCode.USAGE
    assert "--key" in keyless.stderr
    unsigned = place.run("recover-with-signature", "ann.secret", place.address, *ERA)
    assert unsigned.returncode == ExitCode.USAGE
    place.write("key.pem", json.dumps({}))
    words = ("ann.secret", "--coordinator-pub-key", "key.pem", "-o", "out")
    plain = place.run("recover-with-signature", "encrypt-secret", *words)
    assert "ann.secret is encrypted" in plain.stderr
