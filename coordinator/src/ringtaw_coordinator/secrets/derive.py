"""Keys that are derived, not stored: a Marble with the same UUID gets the same key again."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ringtaw_coordinator.secrets.value import SecretValue


def derive_key(root_secret: bytes, uuid: str, name: str, marble_type: str, bits: int) -> bytes:
    """Return a Marble's private symmetric key by HKDF-SHA256 (RFC 5869).

    The root secret is the input key, the canonical UUID followed by the secret's name the salt, and
    ``marble_type`` the info: "" for a Marble that sets DisableSecretBinding.
    """
    salt = (uuid + name).encode()
    return HKDF(hashes.SHA256(), bits // 8, salt, marble_type.encode()).derive(root_secret)


def symmetric(key: bytes) -> SecretValue:
    """Return a symmetric key or plain data as a secret: both parts are the bytes."""
    return SecretValue(public=key, private=key)
