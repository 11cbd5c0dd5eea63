"""Users and owners of recovery keys whose keys are in a token, at the command line."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from ringtaw_cli.exits import ExitCode
from ringtaw_client import SecretUpload, connect_insecurely
from ringtaw_testkit.identities import self_signed

from tests.cli.installed import Workplace
from tests.cli.terminal import in_terminal
from tests.support.coordinator_process import coordinator_process
from tests.support.deployments import manifest
from tests.support.softhsm import PIN, SoftHsm, soft_hsm

ALICE = self_signed("alice")
OWNER = rsa.generate_private_key(65537, 3072)
ROLE = {
    "ResourceType": "Secrets",
    "ResourceNames": ["word"],
    "Actions": ["ReadSecret", "WriteSecret"],
}
MANIFEST = manifest(
    Users={"alice": {"Certificate": ALICE.pem.decode(), "Roles": ["writer"]}},
    Roles={"writer": ROLE},
    Secrets={"word": {"Type": "plain", "UserDefined": True}},
)
numbers = count()


@pytest.fixture
def hsm(place: Workplace) -> SoftHsm:
    tokens = soft_hsm()
    place.environment.update(tokens.environment)
    return tokens


@pytest.fixture
def label(hsm: SoftHsm) -> str:
    """The label of a user's key and certificate, and, with ``-owner`` after it, an owner's key."""
    label = f"command-{next(numbers)}"
    hsm.add(label, ALICE)
    hsm.add_key(f"{label}-owner", OWNER)
    return label


@pytest.fixture(scope="module")
def coordinator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with coordinator_process(tmp_path_factory.mktemp("state")) as process:
        address = "{}:{}".format(*process.client_address)
        connect_insecurely(address).set_manifest(MANIFEST)
        yield address


def user(config: Path, label: str) -> list[str]:
    names = ["--pkcs11-key-label", label, "--pkcs11-cert-label", label]
    return ["--insecure", "--pkcs11-config", str(config), *names]


def sign(config: Path, label: str) -> list[str]:
    return [
        *("recover-with-signature", "sign-secret", "secret", "--output", "signature"),
        *("--pkcs11-config", str(config), "--pkcs11-key-label", f"{label}-owner"),
    ]


def assert_signed(place: Workplace) -> None:
    signature = (place.folder / "signature").read_bytes()
    OWNER.public_key().verify(signature, b"s" * 32, padding.PKCS1v15(), hashes.SHA256())


def test_a_user_whose_key_is_in_a_token(
    place: Workplace, hsm: SoftHsm, label: str, coordinator: str
) -> None:
    config = hsm.config(place.folder / "pkcs11.json")
    value = {"word": SecretUpload(key=b"rosebud").as_json()}
    place.write("secret.json", json.dumps(value))
    done = place.run("secret", "set", "secret.json", coordinator, *user(config, label))
    assert done.returncode == ExitCode.OK, done.stderr
    shown = place.run("secret", "get", "word", coordinator, *user(config, label))
    assert b64encode(b"rosebud").decode() in shown.stdout
    assert PIN not in done.stderr + shown.stdout + shown.stderr


def test_a_pin_that_others_can_read_is_told(place: Workplace, hsm: SoftHsm, label: str) -> None:
    place.write("secret", "s" * 32)
    config = hsm.config(place.folder / "pkcs11.json")
    assert "others can read" not in place.run(*sign(config, label)).stderr
    assert_signed(place)
    config.chmod(0o644)
    assert "warning: others can read the PIN in" in place.run(*sign(config, label)).stderr


def test_the_pin_is_asked_for_on_the_terminal_and_not_shown(
    place: Workplace, hsm: SoftHsm, label: str
) -> None:
    place.write("secret", "s" * 32)
    config = hsm.config(place.folder / "pkcs11.json", Pin=None)
    _, shown = in_terminal(place, *sign(config, label), answers=[("PIN of the token: ", PIN)])
    assert PIN not in shown
    assert_signed(place)


def test_the_pin_may_come_from_a_file_or_a_variable(
    place: Workplace, hsm: SoftHsm, label: str
) -> None:
    place.write("secret", "s" * 32)
    place.write("pin", f"{PIN}\n")
    place.environment["TOKEN_PIN"] = PIN
    config = hsm.config(place.folder / "pkcs11.json", Pin=None)
    for source in (["--key-password-file", "pin"], ["--key-password-env", "TOKEN_PIN"]):
        assert place.run(*sign(config, label), *source).returncode == ExitCode.OK
        assert_signed(place)


@pytest.mark.parametrize(
    ("pin", "more", "code", "message"),
    [
        ("wrong-0000", [], ExitCode.FAILED, "the PIN is wrong"),
        (None, [], ExitCode.FAILED, "there is no terminal to ask for the token's PIN"),
        (PIN, ["--key", "key.pem"], ExitCode.USAGE, "--pkcs11-config takes the place of --key"),
        (PIN, ["--pkcs11-key-label", ""], ExitCode.USAGE, "needs --pkcs11-key-id or --pkcs11-key-"),
    ],
)
def test_what_is_wrong_is_one_error(
    place: Workplace,
    hsm: SoftHsm,
    label: str,
    pin: str | None,
    more: list[str],
    code: ExitCode,
    message: str,
) -> None:
    place.write("secret", "s" * 32)
    config = hsm.config(place.folder / "pkcs11.json", Pin=pin)
    done = place.run(*sign(config, label), *more)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert str(pin) not in done.stderr
    assert not (place.folder / "signature").exists()
