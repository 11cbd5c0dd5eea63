from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from ringtaw_coordinator.pki.authority import (
    Intermediate,
    KeyedCertificate,
    create_intermediate,
    create_root,
)
from ringtaw_coordinator.pki.encoding import private_der


@pytest.fixture(scope="session")
def hierarchy() -> tuple[KeyedCertificate, Intermediate]:
    """A root and its intermediate, for tests that change neither."""
    root = create_root(["localhost"])
    return root, create_intermediate(root, ["localhost"])


@pytest.fixture(scope="session")
def ed25519_pkcs8() -> bytes:
    return private_der(ed25519.Ed25519PrivateKey.generate())
