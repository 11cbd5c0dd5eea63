"""The data encryption key (DEK) in the hands of the recovery keys' owners.

One recovery key: the secret is the DEK. Several and all needed: random shares whose XOR is the DEK.
Fewer needed than there are: Shamir's shares. Each secret is encrypted to its owner's RSA key.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ringtaw_coordinator.errors import ManifestError, Problem
from ringtaw_coordinator.manifest.model import Manifest
from ringtaw_coordinator.manifest.pointer import pointer
from ringtaw_coordinator.state import shamir

SCHEMES: Final = ("none", "single", "xor", "shamir")
OAEP: Final = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label=None)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What to keep and what to hand out so that the DEK can be recovered."""

    data: bytes
    """Kept in clear beside the sealed state: how the shares combine, and their hashes."""
    secrets: Mapping[str, bytes] = field(repr=False)
    """By the recovery key's name, encrypted to it."""


def entrust(dek: bytes, keys: Mapping[str, bytes], threshold: int) -> Recovery:
    """Divide the DEK among the owners of ``keys`` (SubjectPublicKeyInfo DER).

    ``threshold`` is how many of them are needed; 0 means all.

    Raises:
        ManifestError: A recovery key cannot encrypt.
    """
    needed = threshold or len(keys)
    scheme, shares = _divide(dek, len(keys), needed)
    secrets = {
        name: _encrypt(name, key, share)
        for (name, key), share in zip(keys.items(), shares, strict=True)
    }
    data = {
        "scheme": scheme,
        "threshold": needed,
        "hashes": [hashlib.sha256(share).hexdigest() for share in shares],
    }
    return Recovery(json.dumps(data).encode(), secrets)


def same_recovery(one: Manifest, other: Manifest) -> bool:
    """Return whether the same owners recover in the same way."""
    return one.recovery_keys == other.recovery_keys and _needed(one) == _needed(other)


def _needed(manifest: Manifest) -> int:
    return manifest.config.recovery_threshold or len(manifest.recovery_keys)


def _divide(dek: bytes, count: int, needed: int) -> tuple[str, list[bytes]]:
    if count == 0:
        return "none", []
    if count == 1:
        return "single", [dek]
    if needed == count:
        shares = [os.urandom(len(dek)) for _ in range(count - 1)]
        return "xor", [*shares, reduce(xor, shares, dek)]
    return "shamir", shamir.split(dek, count, needed)


def xor(left: bytes, right: bytes) -> bytes:
    """Combine two byte strings of one length.

    Raises:
        ValueError: Their lengths differ.
    """
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _encrypt(name: str, key: bytes, share: bytes) -> bytes:
    try:
        public_key = load_der_public_key(key)
        if not isinstance(public_key, rsa.RSAPublicKey):
            raise ValueError("it is not an RSA key")
        return public_key.encrypt(share, OAEP)
    except ValueError as error:
        at = pointer("RecoveryKeys", name)
        problem = Problem(at, f"this key cannot encrypt a recovery secret: {error}")
        raise ManifestError([problem]) from None
