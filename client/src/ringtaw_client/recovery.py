"""What an owner of a recovery key does with the secret that was encrypted to it.

RSA as in MarbleRun's documentation of recovery: OAEP with SHA-256 without label for encryption,
PKCS #1 v1.5 with SHA-256 for the signature.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ringtaw_client._files import read_file
from ringtaw_client._keys import Password, load_private_key
from ringtaw_client.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import OAEP
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

MIN_KEY_SIZE: Final = 2048
"""Bits of a Coordinator's key: NIST SP 800-131A revision 2, section 6. Theirs have 4,096."""


@dataclass(frozen=True, slots=True)
class RecoveryKey:
    """The private half of a recovery key of the manifest."""

    _key: RSAPrivateKey = field(repr=False)

    @classmethod
    def from_file(cls, path: Path, password: Password | None = None) -> RecoveryKey:
        """Read a PEM file: PKCS #8 or PKCS #1, encrypted or not.

        Raises:
            InputError: It is no RSA key, or the password is wrong or missing.
        """
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = load_private_key(read_file(path), password, str(path))
        if not isinstance(key, rsa.RSAPrivateKey):
            raise InputError(f"{path} is no RSA key", hint="recovery keys are RSA keys")
        return cls(key)

    def decrypt(self, encrypted: bytes) -> bytes:
        """Return the secret that was returned for this key when the manifest was set.

        Raises:
            InputError: It is another key's.
        """
        try:
            return self._key.decrypt(encrypted, _oaep())
        except ValueError:
            raise InputError("the recovery secret is not encrypted to this key") from None

    def sign(self, secret: bytes) -> bytes:
        """Return the owner's signature over a secret in plain."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        return self._key.sign(secret, padding.PKCS1v15(), hashes.SHA256())


def encrypt_recovery_secret(secret: bytes, public_key: bytes) -> bytes:
    """Encrypt a secret in plain with a Coordinator's ephemeral key (SubjectPublicKeyInfo, DER).

    Raises:
        InputError: That is no RSA key, or a weak one.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm):
        raise InputError("the Coordinator's recovery key cannot be read") from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < MIN_KEY_SIZE:
        raise InputError(f"the Coordinator's recovery key is no RSA key of {MIN_KEY_SIZE:,} bits")
    try:
        return key.encrypt(secret, _oaep())
    except ValueError:
        raise InputError(
            "the secret is too long for the Coordinator's recovery key, or that key is damaged"
        ) from None


def _oaep() -> OAEP:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    return padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
