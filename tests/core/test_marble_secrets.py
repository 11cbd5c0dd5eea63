"""Current and previous values of secrets, also after a rotation."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ringtaw_coordinator.core.founding import found
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.pki.secret import SecretIssuer
from ringtaw_coordinator.secrets.derive import derive_key, symmetric
from ringtaw_coordinator.secrets.source import MarbleSecrets
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.state.model import Deployment, new_deployment

from tests.support.deployments import manifest

UUID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
MANIFEST = manifest(
    Secrets={
        "private": {"Type": "symmetric-key", "Size": 128},
        "shared": {"Type": "symmetric-key", "Size": 128, "Shared": True},
        "certificate": {"Type": "cert-ecdsa", "Size": 256},
        "uploaded": {"Type": "plain", "UserDefined": True},
    }
)


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return found(new_deployment(["localhost"]), MANIFEST, load_manifest(MANIFEST).manifest)


def secrets_of(deployment: Deployment) -> MarbleSecrets:
    loaded = load_manifest(MANIFEST).manifest
    return MarbleSecrets(
        deployment, loaded, SecretIssuer(deployment.intermediate), "frontend", UUID
    )


def test_values_stay_the_same_within_an_activation(deployment: Deployment) -> None:
    secrets = secrets_of(deployment)
    for name in ("private", "shared", "certificate"):
        assert secrets.current(name) is secrets.current(name)
        assert secrets.previous(name) == secrets.current(name)
    assert secrets_of(deployment).current("certificate") != secrets.current("certificate")


def test_after_a_rotation(deployment: Deployment) -> None:
    rotated = replace(
        deployment,
        root_secret=bytes(32),
        previous_root_secret=deployment.root_secret,
        secrets={"shared": symmetric(b"new"), "uploaded": symmetric(b"password")},
        previous_secrets={"shared": symmetric(b"old")},
    )
    secrets = secrets_of(rotated)
    assert secrets.current("shared") == symmetric(b"new")
    assert secrets.previous("shared") == symmetric(b"old")
    for current, root_secret in ((True, bytes(32)), (False, deployment.root_secret)):
        key = derive_key(root_secret, UUID, "private", "frontend", 128)
        found = secrets.current("private") if current else secrets.previous("private")
        assert found == symmetric(key)
    assert secrets.previous("certificate") != secrets.current("certificate")
    assert secrets.previous("uploaded") == secrets.current("uploaded")


def test_missing_value_is_empty(deployment: Deployment) -> None:
    for look_up in (secrets_of(deployment).current, secrets_of(deployment).previous):
        assert look_up("uploaded") == SecretValue()
