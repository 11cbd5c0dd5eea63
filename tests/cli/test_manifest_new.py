"""``ringtaw manifest new`` and ``package-info``: from a built enclave to a valid manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ringtaw_attestation.softtee import TrustDomain
from ringtaw_cli.exits import ExitCode
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_schemas import cli_schema

from tests.cli.installed import Workplace
from tests.cli.terminal import in_terminal
from tests.support.deployments import RecoveryKey
from tests.support.evidence import TEE
from tests.support.people import person

UNIQUE_ID = "ab" * 32
ENCLAVE = json.dumps(
    {
        "unique_id": UNIQUE_ID,
        "signer_id": "cd" * 32,
        "product": 7,
        "version": 3,
        "debug": False,
    }
)


@pytest.fixture
def enclave(kiosk: Workplace) -> Workplace:
    """A folder with an enclave that the adapter of a third party knows."""
    kiosk.write("app.sig", ENCLAVE)
    return kiosk


def test_package_info_asks_every_adapter(enclave: Workplace) -> None:
    done = enclave.run("package-info", "app.sig", "--format", "json")
    document = json.loads(done.stdout)
    Draft202012Validator(cli_schema("package-info")).validate(document)
    assert document["adapters"] == ["kiosk"]
    assert document["properties"]["UniqueID"] == UNIQUE_ID
    assert (
        f"UniqueID (MRENCLAVE)      : {UNIQUE_ID}\n"
        in enclave.run("package-info", "app.sig").stdout
    )


def test_package_info_of_what_is_not_there(place: Workplace) -> None:
    done = place.run("package-info", "readme.txt")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: readme.txt: No such file or directory\n  check the path\n"


def test_package_info_of_what_is_no_enclave(place: Workplace) -> None:
    place.write("readme.txt", "nothing")
    done = place.run("package-info", "readme.txt")
    assert done.returncode == ExitCode.FAILED
    assert "is no enclave that an installed adapter knows" in done.stderr
    assert "adapter(gramine)" in done.stderr


def test_a_manifest_of_an_enclave_with_users_and_owners(enclave: Workplace) -> None:
    folder = enclave.folder
    (folder / "alice.crt").write_bytes(person("alice").pem)
    (folder / "owner.pem").write_text(RecoveryKey().public_pem)
    done = enclave.run(
        *("manifest", "new", "--package", "web", "--from-package-properties", "app.sig"),
        *("--by", "signer", "--user", "alice=alice.crt", "--recovery-key", "owner=owner.pem"),
    )
    assert (done.returncode, done.stdout) == (ExitCode.OK, "manifest.json\n")
    manifest = load_manifest((folder / "manifest.json").read_bytes()).manifest
    package = manifest.packages["web"]
    assert (package.unique_id, package.product_id, package.security_version) == ("", 7, 3)
    assert manifest.marbles["web"].package == "web"
    assert list(manifest.users) == ["alice"]
    assert list(manifest.recovery_keys) == ["owner"]
    assert enclave.run("manifest", "check", "manifest.json").returncode == ExitCode.OK


def test_from_the_json_of_package_info(enclave: Workplace) -> None:
    enclave.write("app.json", enclave.run("package-info", "app.sig", "--format=json").stdout)
    done = enclave.run(
        *("manifest", "new", "--package", "web", "--from-package-properties", "app.json", "-")
    )
    assert json.loads(done.stdout)["Packages"] == {"web": {"UniqueID": UNIQUE_ID}}


def test_from_the_package_of_a_trust_domain(place: Workplace) -> None:
    domain = TrustDomain(b"\xab" * 48)
    (place.folder / "quote.bin").write_bytes(TEE.tdx_quote(domain, bytes(64)))
    printed = place.run("inspect", "quote", "quote.bin", "--format", "package").stdout
    place.write("guest.json", printed)
    done = place.run(
        *("manifest", "new", "--package", "web", "--from-package-properties", "guest.json", "-")
    )
    manifest = load_manifest(done.stdout.encode()).manifest
    assert json.loads(done.stdout)["Packages"] == {"web": json.loads(printed)}
    measured = manifest.packages["web"].trust_domain
    assert measured is not None
    assert (measured.mr_td, measured.rtmrs[2]) == ("ab" * 48, "00" * 48)


def test_nothing_is_overwritten_and_nothing_wrong_is_written(place: Workplace) -> None:
    place.write("manifest.json", "mine")
    arguments = ("manifest", "new", "--package", "web", "--unique-id")
    taken = place.run(*arguments, UNIQUE_ID)
    assert taken.returncode == ExitCode.FAILED
    assert "exists, and is left as it is" in taken.stderr
    assert place.read("manifest.json") == "mine"
    wrong = place.run(*arguments, "ab", "other.json")
    assert wrong.returncode == ExitCode.FAILED
    assert "64 hexadecimal digits" in wrong.stderr
    assert not (place.folder / "other.json").exists()


def test_a_private_key_does_not_get_into_a_manifest(place: Workplace) -> None:
    (place.folder / "alice.key").write_bytes(person("alice").key_pem)
    done = place.run(
        *("manifest", "new", "--package", "web", "--unique-id", UNIQUE_ID),
        *("--user", "alice=alice.key", "-"),
    )
    assert (done.returncode, done.stdout) == (ExitCode.FAILED, "")
    assert "has a private key" in done.stderr


def test_without_a_terminal_nothing_is_asked(place: Workplace) -> None:
    done = place.run("manifest", "new")
    assert done.returncode == ExitCode.USAGE
    assert "missing option '--package'" in done.stderr


def test_on_a_terminal_it_asks(place: Workplace) -> None:
    answers = [(": ", "web"), (": ", UNIQUE_ID)]
    assert "manifest.json" in in_terminal(place, "manifest", "new", answers=answers)[1]
    manifest = load_manifest((place.folder / "manifest.json").read_bytes()).manifest
    assert manifest.packages["web"].unique_id == UNIQUE_ID


def test_the_demo_shows_a_whole_deployment_and_leaves_what_can_be_verified(
    place: Workplace, tmp_path: Path
) -> None:
    done = place.run("demo", "--keep", "demo")
    assert done.returncode == ExitCode.OK, done.stderr
    assert "the Marble says: welcome to the mesh" in done.stdout
    assert "refused: the premain exited with 125" in done.stdout
    assert "PROTECTS NOTHING" in done.stderr
    judged = place.run(
        *("verify", "--evidence", "demo/evidence", "-e", "demo/coordinator-era.json"),
        *("--trusted-roots", "demo/tee/root.pem", "--accept-software-tee"),
        *("--manifest", "demo/manifest.json"),
    )
    assert judged.returncode == ExitCode.OK, judged.stderr
    assert place.run("demo", "--keep", "demo").returncode == ExitCode.FAILED
