"""What callers give is checked before anything is sent, and errors say what to do."""

from __future__ import annotations

import contextlib
import json
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_client import (
    Address,
    Check,
    ClientError,
    CoordinatorPolicy,
    InputError,
    PinnedCoordinator,
    RecoveryKey,
    Trust,
    UserCredential,
)
from ringtaw_client.identity import CoordinatorIdentity
from ringtaw_testkit.identities import Certified, PrivateKey, self_signed

from tests.client.fake_coordinator import FakeCoordinator, serving, success

ID = "ab" * 32
SIGNER = {"SignerID": ID, "ProductID": 1, "SecurityVersion": 2}


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("localhost", "localhost", 4433),
        ("coordinator.example:1", "coordinator.example", 1),
        ("my_service.ns.svc:65535", "my_service.ns.svc", 65535),
        ("127.0.0.1:4433", "127.0.0.1", 4433),
        ("[::1]:44", "::1", 44),
        ("[fe80::1%eth0]:44", "fe80::1%eth0", 44),
        ("[2001:db8::1]", "2001:db8::1", 4433),
        ("2001:db8::1", "2001:db8::1", 4433),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    address = Address.parse(text)
    assert (address.host, address.port) == (host, port)
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":4433",
        "https://localhost:4433",
        "localhost:",
        "localhost:0",
        "localhost:65536",
        "localhost:99999999999999999999",
        "localhost:44x",
        "localhost:٤",
        "local host",
        "a\r\nHost: b",
        "user@host:1",
        "host:1/path",
        "-x",
        "a..b",
        "[::1",
        "[localhost]:1",
        "x" * 64,
        "bücher.example",
        "fe80::1%eth0\r\nX-Evil: 1",
        "[fe80::1%/../../x]:4433",
        "\x00",
    ],
)
def test_texts_that_are_no_addresses(text: str) -> None:
    with pytest.raises(InputError, match=r"host:port|example"):
        Address.parse(text)


@given(st.text(max_size=80))
def test_an_address_never_smuggles_anything(text: str) -> None:
    with contextlib.suppress(InputError):
        assert not set(str(Address.parse(text))) & set("\r\n \t/@?#\x00")


def test_policy_file_as_marblerun_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "coordinator-era.json"
    file.write_text(json.dumps({**SIGNER, "UniqueID": None, "Debug": False}))
    assert CoordinatorPolicy.from_file(file) == CoordinatorPolicy(
        signer_id=ID, product_id=1, security_version=2
    )
    file.write_text(
        json.dumps(
            {
                "uniqueid": ID,
                "AcceptedTCBStatuses": ["UpToDate", "OutOfDate"],
                "AcceptedAdvisories": ["INTEL-SA-1"],
            }
        )
    )
    assert CoordinatorPolicy.from_file(file) == CoordinatorPolicy(
        unique_id=ID,
        accepted_tcb_statuses=("UpToDate", "OutOfDate"),
        accepted_advisories=("INTEL-SA-1",),
    )
    with pytest.raises(InputError, match=r"missing\.json"):
        CoordinatorPolicy.from_file(tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "which Coordinator"),
        ({"Debug": True}, "which Coordinator"),
        ({"SignerID": ID}, "which Coordinator"),
        ({"SignerID": ID, "ProductID": 1}, "which Coordinator"),
        ({"ProductID": 1, "SecurityVersion": 1}, "which Coordinator"),
        ({"UniqueID": "ab"}, "64 hex digits"),
        ({"UniqueID": "zz" * 32}, "64 hex digits"),
        ({"UniqueID": 7}, "not a string"),
        ({**SIGNER, "ProductID": "1"}, "ProductID is not an integer"),
        ({**SIGNER, "ProductID": True}, "ProductID is not an integer"),
        ({**SIGNER, "SecurityVersion": 70_000}, "SecurityVersion is not an integer"),
        ({**SIGNER, "Debug": "no"}, "Debug is neither"),
        ({**SIGNER, "AcceptedTCBStatuses": "UpToDate"}, "list of strings"),
        ({**SIGNER, "AcceptedTCBStatuses": ["uptodate"]}, "there is no 'uptodate'"),
        ({**SIGNER, "UniqeID": ID}, "no property 'UniqeID'"),
        ([], "not a JSON object"),
    ],
)
def test_policies_that_would_not_hold(document: Any, message: str, tmp_path: Path) -> None:
    file = tmp_path / "era.json"
    file.write_text(json.dumps(document))
    with pytest.raises(InputError, match=message) as caught:
        CoordinatorPolicy.from_file(file)
    assert "era.json" in str(caught.value)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"\xff", b"[" * 100_000, b'{"UniqueID":"","uniqueid":""}']
)
def test_policies_that_are_no_json(text: bytes) -> None:
    with pytest.raises(InputError):
        CoordinatorPolicy.from_json(text)


def test_trust_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no collateral"):
        Trust(collateral=str(tmp_path / "none"), cache=tmp_path).open_source(())
    (tmp_path / "roots.pem").write_text("x")
    with pytest.raises(InputError, match="no certificates"):
        Trust(roots=tmp_path / "roots.pem").open_roots()


def present(credential: UserCredential, user: Certified) -> bytes:
    """Return the certificate (DER) that a server sees."""
    seen: list[bytes] = []
    root = self_signed()

    def look(connection: ssl.SSLSocket) -> None:
        seen.append(connection.getpeercert(binary_form=True) or b"")
        connection.sendall(success({"code": 2, "message": ""}))

    fake = FakeCoordinator(root, answers={"/api/v2/status": look}, user=user)
    with serving(fake):
        PinnedCoordinator(fake.address, CoordinatorIdentity(root.der), credential).status()
    return seen[0]


KEYS: dict[str, PrivateKey] = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "RSA": rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("encrypted", [False, True])
def test_user_presents_a_certificate(kind: str, encrypted: bool, tmp_path: Path) -> None:
    user = self_signed(kind, key=KEYS[kind])
    scheme = BestAvailableEncryption(b"secret") if encrypted else NoEncryption()
    key = tmp_path / "user.key"
    key.write_bytes(user.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, scheme))
    certificate = tmp_path / "user.crt"
    certificate.write_bytes(user.pem)
    asked: list[str] = []

    def password() -> str:
        asked.append(kind)
        return "secret"

    assert present(UserCredential.from_files(certificate, key, password), user) == user.der
    assert asked == [kind] * encrypted, "asked for only if needed"


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
def test_forms_of_keys(form: PrivateFormat, tmp_path: Path) -> None:
    user = self_signed(key=KEYS["RSA"])
    both = tmp_path / "both.pem"
    both.write_bytes(user.pem + user.key.private_bytes(Encoding.PEM, form, NoEncryption()))
    assert present(UserCredential.from_files(both, both), user) == user.der


def test_key_never_lies_readable_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = self_signed()
    seen: list[tuple[int, bytes]] = []

    class Context(ssl.SSLContext):
        def load_cert_chain(self, certfile: Any, *arguments: Any, **named: Any) -> None:
            seen.append((stat.S_IMODE(Path(certfile).stat().st_mode), Path(certfile).read_bytes()))
            super().load_cert_chain(certfile, *arguments, **named)

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    UserCredential.from_pem(user.pem, user.key_pem).install(Context(ssl.PROTOCOL_TLS_CLIENT))
    ((mode, content),) = seen
    assert mode == 0o600
    assert b"ENCRYPTED PRIVATE KEY" in content
    assert not list(tmp_path.iterdir())


def wrong_credentials() -> dict[str, tuple[bytes, bytes]]:
    one, other = self_signed(), self_signed()
    locked = one.key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"right")
    )
    return {
        "is not the key of the certificate": (one.pem, other.key_pem),
        "the user certificate is no certificate in PEM": (one.der, one.key_pem),
        "no private key in PEM": (one.pem, one.pem),
        "password of key is wrong": (one.pem, locked),
    }


@pytest.mark.parametrize("message", wrong_credentials())
def test_credentials_that_do_not_work(message: str) -> None:
    certificate, key = wrong_credentials()[message]
    with pytest.raises(InputError, match=message):
        UserCredential.from_pem(certificate, key, lambda: "wrong-password")


def test_encrypted_key_without_password(tmp_path: Path) -> None:
    user = self_signed()
    locked = user.key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"right")
    )
    with pytest.raises(InputError, match=r"encrypted \(give its password\)"):
        UserCredential.from_pem(user.pem, locked)
    with pytest.raises(InputError, match="cannot read"):
        UserCredential.from_files(tmp_path / "none", tmp_path / "none")


def test_recovery_keys_are_rsa_keys(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(self_signed().key_pem)
    with pytest.raises(InputError, match="no RSA key"):
        RecoveryKey.from_file(file)


def test_representations_show_no_key() -> None:
    user: Certified = self_signed()
    credential = UserCredential.from_pem(user.pem, user.key_pem)
    assert "_key" not in repr(credential)
    pinned = PinnedCoordinator("localhost", CoordinatorIdentity(user.der), credential)
    assert "KEY" not in repr(pinned)


def test_arguments_that_cannot_be_sent() -> None:
    identity = CoordinatorIdentity(self_signed().der)
    with pytest.raises(InputError, match="not Unicode"):
        PinnedCoordinator("localhost:1", identity).read_secrets(["\udcff"])
    with pytest.raises(InputError, match="not an address"):
        PinnedCoordinator("localhost:1", identity, server_name="a\0b")


def test_errors_say_where_what_and_what_to_do() -> None:
    error = ClientError("it is closed", where="https://a:1", hint="open it")
    assert str(error) == "https://a:1: it is closed (open it)"
    assert str(ClientError("x")) == "x"
    assert str(Check("binding", "a", "b", False)) == "binding: FAILED: expected a, found b"
