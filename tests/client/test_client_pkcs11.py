"""Users and owners of recovery keys whose keys are in a token of SoftHSM."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from ringtaw_client import InputError, PinnedCoordinator, SecretUpload, connect_insecurely
from ringtaw_client.identity import CoordinatorIdentity
from ringtaw_client.pkcs11 import ObjectName, TokenConfig, TokenCredential, TokenRecoveryKey
from ringtaw_client.pkcs11_openssl import forget_errors
from ringtaw_testkit.identities import PrivateKey, self_signed

from tests.client.fake_coordinator import FakeCoordinator, serving, success
from tests.support.coordinator_process import coordinator_process
from tests.support.deployments import manifest
from tests.support.softhsm import OTHER_LABEL, PIN, SoftHsm, soft_hsm

KEYS: dict[str, PrivateKey] = {
    "RSA-2048": rsa.generate_private_key(65537, 2048),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
}
STATUS = success({"code": 2, "message": "ready"})
numbers = count()


@pytest.fixture
def hsm() -> SoftHsm:
    return soft_hsm()


@pytest.fixture
def config(hsm: SoftHsm, tmp_path: Path) -> TokenConfig:
    return TokenConfig.from_file(hsm.config(tmp_path / "pkcs11.json"))


@pytest.fixture
def label() -> str:
    return f"object-{next(numbers)}"


@pytest.fixture
def fake() -> Iterator[FakeCoordinator]:
    with serving(FakeCoordinator(answers={"/api/v2/status": STATUS})) as fake:
        yield fake


def named(label: str) -> ObjectName:
    return ObjectName(label=label)


def pinned(fake: FakeCoordinator, credential: TokenCredential) -> PinnedCoordinator:
    return PinnedCoordinator(fake.address, CoordinatorIdentity(fake.root.der), credential)


@pytest.mark.parametrize("kind", KEYS)
def test_tls_with_a_key_that_stays_in_the_token(
    hsm: SoftHsm, config: TokenConfig, label: str, kind: str
) -> None:
    alice = self_signed("alice", key=KEYS[kind])
    hsm.add(label, alice)
    credential = TokenCredential.open(config, named(label), named(label))
    with serving(FakeCoordinator(answers={"/api/v2/status": STATUS}, user=alice)) as fake:
        client = pinned(fake, credential)
        assert [client.status().message for _ in range(2)] == ["ready", "ready"]


def test_a_user_of_a_manifest(
    hsm: SoftHsm, config: TokenConfig, label: str, tmp_path: Path
) -> None:
    alice = self_signed("alice")
    hsm.add(label, alice)
    role = {"ResourceType": "Secrets", "ResourceNames": ["word"], "Actions": ["WriteSecret"]}
    raw = manifest(
        Users={"alice": {"Certificate": alice.pem.decode(), "Roles": ["writer"]}},
        Roles={"writer": role},
        Secrets={"word": {"Type": "plain", "UserDefined": True}},
    )
    with coordinator_process(tmp_path / "state") as process:
        anonymous = connect_insecurely("{}:{}".format(*process.client_address))
        anonymous.set_manifest(raw)
        credential = TokenCredential.open(config, named(label), named(label))
        user = PinnedCoordinator(anonymous.address, anonymous.identity, credential)
        user.write_secrets({"word": SecretUpload(key=b"rosebud")})
        assert user.update_log()[-1].details["user"] == "alice"


def test_objects_are_found_by_id_as_text_or_hexadecimal(
    hsm: SoftHsm, config: TokenConfig, label: str
) -> None:
    text, octets = self_signed("text"), self_signed("octets")
    hsm.add(label, text, object_id=f"id-{label}".encode())
    hsm.add(label, octets, object_id=b"\xa1\xb2" + label.encode())
    for written in ("a1b2", "A1:B2"):
        name = ObjectName(id=written + label.encode().hex(), label=label)
        assert TokenCredential.open(config, name, name)
    name = ObjectName(id=f"id-{label}")
    with serving(FakeCoordinator(answers={"/api/v2/status": STATUS}, user=text)) as fake:
        assert pinned(fake, TokenCredential.open(config, name, name)).status()


def test_two_that_match_are_an_error(hsm: SoftHsm, config: TokenConfig, label: str) -> None:
    for _ in range(2):
        hsm.add(label, self_signed("twin"))
    with pytest.raises(InputError, match="has 2 of: private key with label") as caught:
        TokenCredential.open(config, named(label), named(label))
    assert "give ID and label both" in caught.value.hint


def test_what_is_not_there_is_named(hsm: SoftHsm, config: TokenConfig, label: str) -> None:
    with pytest.raises(InputError, match=f"no private key with ID 'x' and label '{label}'"):
        TokenCredential.open(config, ObjectName("x", label), named(label))
    hsm.add_key(label, KEYS["P-256"])
    with pytest.raises(InputError, match=f"no certificate with label '{label}'"):
        TokenCredential.open(config, named(label), named(label))
    with pytest.raises(InputError, match="nothing says which private key"):
        TokenCredential.open(config, ObjectName(), named(label))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"Pin": "0000-wrong"}, "the token labelled 'ringtaw-tests': the PIN is wrong"),
        ({"Pin": None}, "has no Pin, and there is nobody to ask"),
        ({"TokenLabel": "nowhere"}, "the token labelled 'nowhere' is not there"),
        ({"TokenLabel": None, "TokenSerial": "77"}, "the token '77' is not there"),
        ({"TokenLabel": None, "SlotNumber": 77}, "the token in slot 77 is not there"),
        ({"TokenLabel": OTHER_LABEL}, "no private key with label"),
        ({"Path": "/nonexistent.so"}, "module /nonexistent.so cannot be used"),
        ({"Path": __file__}, "test_client_pkcs11.py cannot be used"),
    ],
)
def test_what_is_wrong_with_token_or_pin_is_said_without_the_pin(
    hsm: SoftHsm,
    tmp_path: Path,
    label: str,
    members: dict[str, Any],
    message: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import pkcs11

    pkcs11.unload(str(hsm.module))  # a session that is logged in would do for all others
    caplog.set_level(logging.DEBUG)
    path = hsm.config(tmp_path / "pkcs11.json", **members)
    config = TokenConfig.from_file(path)
    with pytest.raises(InputError, match=message) as caught:
        TokenCredential.open(config, named(label), named(label))
    shown = f"{caught.value} {config!r} {caplog.text}"
    assert PIN not in shown
    assert "0000-wrong" not in shown


def test_the_pin_is_asked_for_if_the_file_has_none(
    hsm: SoftHsm, tmp_path: Path, label: str
) -> None:
    hsm.add_key(label, KEYS["RSA-2048"])
    config = TokenConfig.from_file(hsm.config(tmp_path / "pkcs11.json", Pin=None))
    assert TokenRecoveryKey.open(config, named(label), lambda: PIN).sign(b"x")


def test_a_token_is_found_by_serial_number_and_slot(
    hsm: SoftHsm, tmp_path: Path, label: str
) -> None:
    import pkcs11

    hsm.add(label, self_signed("alice"))
    token = pkcs11.lib(str(hsm.module)).get_token(token_label="ringtaw-tests")
    for choice in ({"TokenSerial": token.serial.decode()}, {"SlotNumber": token.slot.slot_id}):
        path = hsm.config(tmp_path / "pkcs11.json", TokenLabel=None, **choice)
        assert TokenCredential.open(TokenConfig.from_file(path), named(label), named(label))


def test_a_key_that_is_not_the_certificates_ends_the_handshake_with_a_word(
    hsm: SoftHsm, config: TokenConfig, label: str
) -> None:
    alice = self_signed("alice")
    hsm.add_key(label, KEYS["P-256"])
    hsm.add_certificate(label, alice.der)
    credential = TokenCredential.open(config, named(label), named(label))
    with (
        serving(FakeCoordinator(answers={"/api/v2/status": STATUS}, user=alice)) as fake,
        pytest.raises(InputError, match="private key in the token is not the certificate's"),
    ):
        pinned(fake, credential).status()


def test_a_token_that_goes_away_is_an_error_that_says_so(
    hsm: SoftHsm, config: TokenConfig, label: str
) -> None:
    import pkcs11

    alice = self_signed("alice")
    hsm.add(label, alice)
    credential = TokenCredential.open(config, named(label), named(label))
    with serving(FakeCoordinator(answers={"/api/v2/status": STATUS}, user=alice)) as fake:
        client = pinned(fake, credential)
        assert client.status()
        pkcs11.lib(str(hsm.module)).reinitialize()
        forget_errors()
        with pytest.raises(InputError, match="'ringtaw-tests': the token does not sign: "):
            client.status()


def test_a_key_that_tls_has_no_use_for(hsm: SoftHsm, config: TokenConfig, label: str) -> None:
    hsm.add_key(label, KEYS["P-256"])
    hsm.add_certificate(label, self_signed(key=ed25519.Ed25519PrivateKey.generate()).der)
    with pytest.raises(InputError, match="no kind that a token signs with"):
        TokenCredential.open(config, named(label), named(label))


def test_other_tls_of_the_process_is_as_before(
    hsm: SoftHsm, config: TokenConfig, label: str, fake: FakeCoordinator
) -> None:
    hsm.add(label, self_signed("alice"))
    credential = TokenCredential.open(config, named(label), named(label))
    assert pinned(fake, credential).status()
    for key in KEYS.values():
        root = self_signed("MarbleRun Coordinator", key=key)
        with serving(FakeCoordinator(root, answers={"/api/v2/status": STATUS})) as other:
            identity = CoordinatorIdentity(root.der)
            assert PinnedCoordinator(other.address, identity).status()


def test_a_recovery_key_signs_in_the_token(hsm: SoftHsm, config: TokenConfig, label: str) -> None:
    key = rsa.generate_private_key(65537, 3072)
    hsm.add_key(label, key)
    signature = TokenRecoveryKey.open(config, named(label)).sign(b"a secret")
    key.public_key().verify(signature, b"a secret", padding.PKCS1v15(), hashes.SHA256())


def test_a_recovery_key_decrypts_in_the_token_or_says_that_it_cannot(
    hsm: SoftHsm, config: TokenConfig, label: str
) -> None:
    key = rsa.generate_private_key(65537, 3072)
    hsm.add_key(label, key)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    encrypted = key.public_key().encrypt(b"a secret", oaep)
    owner = TokenRecoveryKey.open(config, named(label))
    outcome = attempt(owner, encrypted)
    if outcome != b"a secret":  # SoftHSM up to 2.7 knows OAEP with SHA-1 alone
        assert "the token labelled 'ringtaw-tests': the recovery secret is not decrypted" in outcome
        assert "the token cannot do OAEP with SHA-256" in outcome
    with pytest.raises(InputError, match="the recovery secret is not decrypted"):
        owner.decrypt(bytes(384))


def attempt(owner: TokenRecoveryKey, encrypted: bytes) -> Any:
    try:
        return owner.decrypt(encrypted)
    except InputError as error:
        return str(error)


def test_a_recovery_key_must_be_rsa(hsm: SoftHsm, config: TokenConfig, label: str) -> None:
    hsm.add_key(label, KEYS["P-384"])
    with pytest.raises(InputError, match="is no RSA key"):
        TokenRecoveryKey.open(config, named(label))
