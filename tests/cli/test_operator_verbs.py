"""The operator's commands on a Coordinator in simulation: what they write, and where."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from ringtaw_cli.exits import ExitCode

from tests.cli.operators import (
    KEEPERS,
    SECRETS,
    Office,
    office,
    recovery_keys,
    validated,
)
from tests.cli.terminal import in_terminal
from tests.support.coordinator_process import CoordinatorProcess, coordinator_process
from tests.support.people import person, role, updatable, users

NOT_VERIFIED = "NOT VERIFIED"
UPDATERS = {
    **KEEPERS,
    "update": role("Manifest", [], "UpdateManifest"),
    "raise": role("Packages", ["frontend"], "UpdateSecurityVersion"),
}
PEOPLE = {"alice": [*UPDATERS], "bob": ["update"], "guest": []}
MANIFEST = updatable(
    Users=users(PEOPLE), Roles=UPDATERS, Secrets=SECRETS, RecoveryKeys=recovery_keys("ann", "bea")
)
RAISED = json.dumps({"Packages": {"frontend": {"SecurityVersion": 5}}})
WHOLE = json.dumps({**json.loads(MANIFEST), "RecoveryKeys": recovery_keys("ann")})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoordinatorProcess]:
    """A Coordinator that accepts Marbles."""
    with coordinator_process(tmp_path_factory.mktemp("coordinator")) as coordinator:
        assert coordinator.set_manifest(MANIFEST)["status"] == "success"
        yield coordinator


@pytest.fixture
def place(tmp_path: Path, running: CoordinatorProcess) -> Office:
    return office(tmp_path / "office", running)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Office]:
    """A Coordinator without a manifest."""
    with coordinator_process(tmp_path / "state") as coordinator:
        place = office(tmp_path / "office", coordinator)
        place.write("manifest.json", MANIFEST.decode())
        yield place


def test_the_state_is_data_and_the_warning_is_not(place: Office) -> None:
    done = place.ask("status")
    assert done.stdout.startswith("3: ")
    assert NOT_VERIFIED in done.stderr
    shown = validated("status", place.succeed("status", "--format", "json"))
    assert (shown["code"], shown["state"]) == (3, "accepting-marbles")
    assert not place.pins


def test_a_manifest_is_set_and_its_recovery_secrets_go_to_the_file(fresh: Office) -> None:
    fresh.write("recovery.json", "of another deployment")
    assert fresh.succeed("manifest", "set", "manifest.json", "-r", "recovery.json") == ""
    written = json.loads(fresh.read("recovery.json"))
    assert set(written["RecoverySecrets"]) == {"ann", "bea"}
    assert (fresh.folder / "recovery.json").stat().st_mode & 0o777 == 0o600
    assert fresh.read("recovery.json.orig") == "of another deployment"
    assert sorted(fresh.folder.glob(".recovery*")) == []
    again = fresh.ask("manifest", "set", "manifest.json")
    assert again.returncode == ExitCode.FAILED
    assert "ringtaw manifest update apply" in again.stderr


def test_recovery_secrets_go_to_stdout_in_the_form_of_marblerun(fresh: Office) -> None:
    line = fresh.succeed("manifest", "set", "-", stdin=MANIFEST.decode())
    assert line == json.dumps(json.loads(line), separators=(",", ":")) + "\n"
    assert list(json.loads(line)["RecoverySecrets"]) == ["ann", "bea"]


def test_nothing_is_sent_if_the_recovery_secrets_have_no_place(fresh: Office) -> None:
    done = fresh.ask("manifest", "set", "manifest.json", "-r", "missing/recovery.json")
    assert (done.returncode, done.stdout) == (ExitCode.FAILED, "")
    assert "cannot write missing/recovery.json: No such file or directory" in done.stderr
    assert fresh.succeed("status").startswith("2: ")


def test_recovery_secrets_are_not_lost_with_a_full_disk(fresh: Office) -> None:
    done = fresh.ask("manifest", "set", "manifest.json", "-r", "/dev/full")
    assert done.returncode == ExitCode.FAILED
    assert "No space left on device" in done.stderr
    assert set(json.loads(done.stdout)["RecoverySecrets"]) == {"ann", "bea"}


def test_recovery_secrets_are_not_lost_with_a_broken_stdout(fresh: Office) -> None:
    with Path("/dev/full").open("w") as full:
        words = ("manifest", "set", "manifest.json", fresh.address, "--insecure")
        done = fresh.run_into(full.fileno(), *words)
    assert done.returncode == ExitCode.FAILED
    line = next(line for line in done.stderr.splitlines() if line.startswith("{"))
    assert set(json.loads(line)["RecoverySecrets"]) == {"ann", "bea"}


def test_the_manifest_comes_back_byte_for_byte(place: Office) -> None:
    assert place.succeed("manifest", "get") == MANIFEST.decode() + "\n"
    assert place.succeed("manifest", "get", "-o", "got.json") == ""
    assert (place.folder / "got.json").read_bytes() == MANIFEST
    with_signature = json.loads(place.succeed("manifest", "get", "-s"))
    assert with_signature == {"ManifestSignature": digest(), "Manifest": json.loads(MANIFEST)}
    shown = validated("manifest", place.succeed("manifest", "get", "--format", "json"))
    assert shown["manifest"].encode() == MANIFEST


def test_a_manifest_is_compared_by_file_and_by_fingerprint(place: Office) -> None:
    place.write("manifest.json", MANIFEST.decode())
    assert place.run("manifest", "signature", "manifest.json").stdout == f"{digest()}\n"
    assert place.succeed("manifest", "verify", "manifest.json") == "OK\n"
    text = place.succeed("manifest", "verify", digest().upper(), "--format", "json")
    assert validated("manifest-verified", text)["fingerprint"] == digest()
    other = place.ask("manifest", "verify", "00" * 32)
    assert (other.returncode, other.stdout) == (ExitCode.POLICY_MISMATCH, "")
    assert digest() in other.stderr
    typo = place.ask("manifest", "verify", "manifset.json")
    assert "neither a file nor a SHA-256" in typo.stderr


def test_a_certificate_is_kept_in_the_file_that_was_named_for_it(place: Office) -> None:
    words = ("manifest", "verify", digest(), "--coordinator-cert", "root.pem")
    assert place.succeed(*words) == "OK\n"
    done = place.run("status", place.address, "--coordinator-cert", "root.pem")
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    assert not place.pins


def test_certificates_go_to_files_of_marbleruns_names(place: Office) -> None:
    assert place.succeed("certificate", "root") == ""
    assert place.succeed("certificate", "intermediate") == ""
    assert place.succeed("certificate", "chain", "-o", "-") == place.read(
        "marblerunIntermediateCA.crt"
    ) + place.read("marblerunRootCA.crt")
    text = place.succeed("certificate", "root", "--format", "json")
    shown = validated("coordinator-certificates", text)
    assert shown["certificates"] == place.read("marblerunRootCA.crt")


def test_secrets_of_all_types_are_set_and_read(place: Office) -> None:
    alice = place.user("alice")
    tls = person("tls")
    place.write("tls.pem", tls.pem.decode() + tls.key_pem.decode())
    values = {"apiKey": {"Key": base64(b"xyz")}, "shared": {"Key": base64(b"k" * 16)}}
    assert place.succeed("secret", "set", "-", *alice, stdin=json.dumps(values)) == ""
    assert place.succeed("secret", "set", "tls.pem", "--from-pem", "tls", *alice) == ""
    names = list(SECRETS)
    text = place.succeed("secret", "get", *names, "--format", "json", *alice)
    secrets = validated("secrets", text)["secrets"]
    assert secrets["apiKey"]["Public"] == base64(b"xyz")
    assert secrets["tls"]["Cert"] == base64(tls.der)
    assert place.succeed("secret", "get", *names, "-o", "secrets.json", *alice) == ""
    assert json.loads(place.read("secrets.json")) == secrets
    assert (place.folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    listed = place.succeed("secret", "get", "apiKey", "shared", *alice)
    assert listed == (
        f"apiKey:\n\tType:          plain\n\tData:          {base64(b'xyz')}\n\n"
        "shared:\n\tType:          symmetric-key\n\tUserDefined:   true\n\tSize:          128\n"
        f"\tKey:           {base64(b'k' * 16)}\n\n"
    )


def test_secrets_can_be_set_from_what_was_read(place: Office) -> None:
    alice = place.user("alice")
    tls = person("tls")
    place.write("tls.pem", tls.pem.decode() + tls.key_pem.decode())
    first = {"apiKey": {"Key": base64(b"xyz")}, "shared": {"Key": base64(b"k" * 16)}}
    second = {"apiKey": {"Key": base64(b"abc")}, "shared": {"Key": base64(b"l" * 16)}}
    place.succeed("secret", "set", "-", *alice, stdin=json.dumps(first))
    place.succeed("secret", "set", "tls.pem", "--from-pem", "tls", *alice)
    place.succeed("secret", "get", "apiKey", "shared", "tls", "-o", "kept.json", *alice)
    place.succeed("secret", "set", "-", *alice, stdin=json.dumps(second))
    place.succeed("secret", "set", "kept.json", *alice)
    place.succeed("secret", "get", "apiKey", "shared", "tls", "-o", "again.json", *alice)
    assert place.read("again.json") == place.read("kept.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("{}", "has no secrets"),
        ('{"apiKey": {"Kex": "hidden"}}', "there is no member 'Kex'"),
        ('{"apiKey": {"Key": "hidden!"}}', "apiKey: Key is not base64"),
        ('{"apiKey": {"Key": null}}', "apiKey has no value"),
        ('{"apiKey": {"Type": "plain", "Private": "hidden"}}', "apiKey has no value"),
    ],
)
def test_a_file_of_secrets_is_judged_without_showing_it(
    place: Office, content: str, message: str
) -> None:
    done = place.ask("secret", "set", "-", *place.user("alice"), stdin=content)
    assert (done.returncode, done.stdout) == (ExitCode.FAILED, "")
    assert message in done.stderr
    assert "hidden" not in done.stderr


def test_who_may_not_is_told_so_with_an_exit_code(place: Office) -> None:
    for name in ("guest", "stranger"):
        done = place.ask("secret", "get", "apiKey", *place.user(name))
        assert (done.returncode, done.stdout) == (ExitCode.NOT_AUTHORISED, "")
    nobody = place.ask("secret", "get", "apiKey")
    assert nobody.returncode == ExitCode.USAGE
    assert "--cert and --key" in nobody.stderr


def test_passwords_come_from_files_variables_and_people_never_from_arguments(
    place: Office,
) -> None:
    bob = place.user("bob", password="tiger")
    place.write("password", "tiger\nand more\n")
    words = ("manifest", "update", "cancel", *bob)
    reached = "no update in progress\n  ringtaw manifest log says what became of the last update"
    assert reached in place.ask(*words, "--key-password-file", "password").stderr
    assert reached in place.ask(*words, "--key-password-file", "-", stdin="tiger\n").stderr
    place.environment["BOBS"] = "tiger"
    assert reached in place.ask(*words, "--key-password-env", "BOBS").stderr
    unasked = place.ask(*words)
    assert "there is no terminal to ask for its password" in unasked.stderr
    place.environment["BOBS"] = "lion"
    wrong = place.ask(*words, "--key-password-env", "BOBS")
    assert "the password of bob.key is wrong" in wrong.stderr
    assert "lion" not in wrong.stderr


def test_a_person_is_asked_for_the_password_in_a_terminal(place: Office) -> None:
    bob = place.user("bob", password="tiger")
    words = ("manifest", "update", "cancel", place.address, "--insecure", *bob)
    code, shown = in_terminal(place, *words, answers=[("Password of bob.key: ", "tiger")])
    assert code == ExitCode.FAILED
    assert "Password of bob.key: " in shown
    assert "no update in progress" in shown
    assert "tiger" not in shown


def test_packages_are_updated_and_the_log_tells(fresh: Office) -> None:
    fresh.succeed("manifest", "set", "manifest.json")
    fresh.write("raised.json", RAISED)
    alice = fresh.user("alice")
    assert fresh.succeed("manifest", "update", "apply", "raised.json", *alice) == ""
    lines = fresh.succeed("manifest", "log").splitlines()
    assert json.loads(lines[-1])["new version"] == 5
    entries = validated("update-log", fresh.succeed("manifest", "log", "--format", "json"))
    assert entries["entries"] == [json.loads(line) for line in lines]
    assert fresh.succeed("manifest", "log", "-o", "log") == ""
    assert fresh.read("log") == "\n".join(lines)
    merged = json.loads(fresh.succeed("manifest", "get", "-u"))
    assert merged["Packages"]["frontend"]["SecurityVersion"] == 5


def test_updates_of_a_former_manifest_are_not_merged(fresh: Office) -> None:
    fresh.succeed("manifest", "set", "manifest.json")
    fresh.write("raised.json", RAISED)
    fresh.write("renamed.json", MANIFEST.decode().replace('"frontend"', '"kiosk"'))
    alice, bob = fresh.user("alice"), fresh.user("bob")
    fresh.succeed("manifest", "update", "apply", "raised.json", *alice)
    fresh.succeed("manifest", "update", "apply", "renamed.json", *alice)
    fresh.succeed("manifest", "update", "acknowledge", "renamed.json", *bob)
    merged = json.loads(fresh.succeed("manifest", "get", "--display-update"))
    assert merged == json.loads(fresh.read("renamed.json"))


def test_two_people_update_the_manifest(fresh: Office) -> None:
    fresh.succeed("manifest", "set", "manifest.json")
    fresh.write("whole.json", WHOLE)
    alice, bob = fresh.user("alice"), fresh.user("bob")
    none = fresh.ask("manifest", "update", "get")
    assert "no update in progress" in none.stderr
    text = fresh.succeed("manifest", "update", "apply", "whole.json", "--format", "json", *alice)
    progress = validated("update-progress", text)
    assert (progress["in_force"], progress["missing_users"]) == (False, ["bob"])
    assert fresh.succeed("manifest", "update", "get") == WHOLE
    assert fresh.succeed("manifest", "update", "get", "--missing") == "bob\n"
    text = fresh.succeed("manifest", "update", "get", "--format", "json")
    assert validated("pending-update", text)["manifest"] == WHOLE
    assert fresh.succeed("manifest", "update", "cancel", *bob) == ""
    fresh.succeed("manifest", "update", "apply", "whole.json", *alice)
    last = fresh.ask("manifest", "update", "acknowledge", "whole.json", "-r", "new.json", *bob)
    assert (last.returncode, last.stdout) == (ExitCode.OK, "")
    assert "the update is in force" in last.stderr
    assert set(json.loads(fresh.read("new.json"))["RecoverySecrets"]) == {"ann"}
    assert fresh.succeed("manifest", "get") == WHOLE + "\n"


def test_what_is_no_address_is_a_mistake_on_the_command_line(place: Office) -> None:
    done = place.run("status", f"https://{place.address}", "--insecure")
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert "is not an address: give host:port" in done.stderr


def test_variables_that_are_not_set_are_no_options(place: Office) -> None:
    done = place.ask("manifest", "get", "-o", "", "--era-config=", "--coordinator-cert", "")
    assert (done.returncode, done.stdout) == (ExitCode.OK, MANIFEST.decode() + "\n")


def test_nobody_there_is_told_with_an_exit_code(place: Office) -> None:
    done = place.run("status", "127.0.0.1:1", "--insecure", "--timeout", "3")
    assert (done.returncode, done.stdout) == (ExitCode.UNREACHABLE, "")
    assert "Connection refused" in done.stderr


def test_a_terminal_shows_the_warning_in_colour_and_a_pipe_does_not(place: Office) -> None:
    words = ("status", place.address, "--insecure")
    code, shown = in_terminal(place, *words)
    assert code == ExitCode.OK
    assert "\x1b[33m" in shown
    place.environment["NO_COLOR"] = "1"
    assert "\x1b" not in in_terminal(place, *words)[1]


def test_the_version_is_data(place: Office) -> None:
    shown = validated("version", place.run("version", "--format", "json").stdout)
    assert place.run("version").stdout == f"ringtaw {shown['ringtaw']}\n"


def base64(value: bytes) -> str:
    return b64encode(value).decode()


def digest() -> str:
    return sha256(MANIFEST).hexdigest()
