"""The key in the hands of the recovery keys' owners."""

from __future__ import annotations

import hashlib
import json
import os
from functools import reduce

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from ringtaw_coordinator.errors import ManifestError
from ringtaw_coordinator.state import shamir
from ringtaw_coordinator.state.recovery import Recovery, entrust

from tests.support.deployments import RecoveryKey

DEK = os.urandom(32)
OWNERS = {name: RecoveryKey() for name in ("alice", "bob", "carol")}


def shares(recovery: Recovery) -> list[bytes]:
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label=None)
    return [OWNERS[name].private.decrypt(secret, oaep) for name, secret in recovery.secrets.items()]


def keys(*names: str) -> dict[str, bytes]:
    return {name: OWNERS[name].public_der for name in names}


def described(recovery: Recovery, scheme: str, threshold: int) -> None:
    """Check the part in clear, which holds hashes and no share."""
    data = json.loads(recovery.data)
    found = shares(recovery)
    assert data == {
        "scheme": scheme,
        "threshold": threshold,
        "hashes": [hashlib.sha256(share).hexdigest() for share in found],
    }


def test_no_keys() -> None:
    recovery = entrust(DEK, {}, 0)
    assert recovery.secrets == {}
    described(recovery, "none", 0)


def test_one_key_gets_the_key_itself() -> None:
    recovery = entrust(DEK, keys("alice"), 0)
    assert shares(recovery) == [DEK]
    described(recovery, "single", 1)


@pytest.mark.parametrize("threshold", [0, 3])
def test_all_of_several_xor(threshold: int) -> None:
    recovery = entrust(DEK, keys("alice", "bob", "carol"), threshold)
    found = shares(recovery)
    assert [len(share) for share in found] == [32, 32, 32]
    combined = reduce(lambda a, b: bytes(x ^ y for x, y in zip(a, b, strict=True)), found)
    assert combined == DEK
    assert DEK not in found
    described(recovery, "xor", 3)


def test_some_of_several_share_by_shamir() -> None:
    recovery = entrust(DEK, keys("alice", "bob", "carol"), 2)
    found = shares(recovery)
    assert [len(share) for share in found] == [33, 33, 33]
    assert shamir.combine(found[1:]) == shamir.combine(found[:2]) == DEK
    described(recovery, "shamir", 2)


def test_key_that_is_too_small_is_named() -> None:
    small = {**keys("alice"), "a/b": RecoveryKey(bits=1024).public_der[:-5]}
    with pytest.raises(ManifestError, match="/RecoveryKeys/a~1b"):
        entrust(DEK, small, 0)
