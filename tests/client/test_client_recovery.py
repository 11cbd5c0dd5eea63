"""Owners of recovery keys bring a Coordinator back that cannot open its state."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from ringtaw_client import (
    IdentityChangedError,
    InputError,
    PinnedCoordinator,
    RecoveryKey,
    RefusedError,
    State,
    connect_insecurely,
    encrypt_recovery_secret,
)

from tests.support.coordinator_process import CoordinatorProcess, coordinator_process
from tests.support.deployments import RecoveryKey as Owner
from tests.support.deployments import manifest

OWNERS = {"one": Owner(), "two": Owner()}
RAW = manifest(RecoveryKeys={name: owner.public_pem for name, owner in OWNERS.items()})


def key_of(name: str, directory: Path) -> RecoveryKey:
    file = directory / f"{name}.pem"
    key = OWNERS[name].private
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return RecoveryKey.from_file(file)


def client_of(process: CoordinatorProcess) -> PinnedCoordinator:
    host, port = process.client_address
    return connect_insecurely(f"{host}:{port}")


def test_recovery_by_two(tmp_path: Path) -> None:
    with coordinator_process(tmp_path / "state") as process:
        client = client_of(process)
        trusted = client.identity
        secrets = client.set_manifest(RAW).recovery_secrets
        with pytest.raises(RefusedError, match="not in expected state"):
            client.recovery_public_key()
    for file in (tmp_path / "state").glob("sealed_key*"):
        file.unlink()
    one, two = (key_of(name, tmp_path) for name in OWNERS)
    with coordinator_process(tmp_path / "state") as process:
        provisional = client_of(process)
        assert provisional.status().state is State.RECOVERY
        former = PinnedCoordinator(provisional.address, trusted)
        with pytest.raises(IdentityChangedError, match="waits for recovery"):
            former.status()
        with pytest.raises(InputError, match="not encrypted to this key"):
            one.decrypt(secrets["two"])

        plain = one.decrypt(secrets["one"])
        assert provisional.recover(plain, one.sign(plain)).remaining == 1
        plain = two.decrypt(secrets["two"])
        wrapped = encrypt_recovery_secret(plain, provisional.recovery_public_key())
        assert provisional.recover(wrapped, two.sign(plain)).remaining == 0

        assert former.status().state is State.ACCEPTING_MARBLES
        assert former.verify_manifest(RAW).raw == RAW
        with pytest.raises(IdentityChangedError):
            provisional.status()


@pytest.mark.parametrize(
    ("bits", "secret", "message"),
    [
        (1024, b"x" * 16, "no RSA key of 2,048 bits"),
        (2048, b"x" * 255, "too long for the Coordinator's recovery key"),
    ],
)
def test_keys_that_keep_no_secret(bits: int, secret: bytes, message: str) -> None:
    key = rsa.generate_private_key(65537, bits).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(InputError, match=message):
        encrypt_recovery_secret(secret, der)
