"""``sealed_key``: the data encryption key (DEK), wrapped for the platform.

A JSON object. ``sealedData`` is the SHA-256 of the very ``sealed_data`` that the key belongs to;
wrapping authenticates it, so neither part works beside an older or newer version of the other.
``protection`` says what the key is bound to: ``product``, ``measurement``, or ``none``. Where it is
``owners`` there is no key in it, because the platform has nothing to wrap it with.
"""

from __future__ import annotations

import hmac
import json
import os
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from ringtaw_premain.hookspecs import KeyBinding

from ringtaw_coordinator.state.sealed_data import DEK_BYTES, UnsealError

MAX_BYTES: Final = 64 << 10
_FORMAT: Final = "ringtaw sealed key 1"
_UNPROTECTED: Final = "none"
_OWNERS: Final = "owners"
_PROTECTIONS: Final = (_UNPROTECTED, _OWNERS, *(binding.value for binding in KeyBinding))
_NONCE_BYTES: Final = 12


class Sealer(Protocol):
    """Wraps the DEK with what the platform has to offer."""

    @property
    def lacks_key(self) -> str:
        """Why the platform has no key, so that a new process cannot unwrap; empty if it has one."""
        ...

    def wrap(self, dek: bytes, data_digest: bytes, binding: KeyBinding) -> bytes:
        """Return the ``sealed_key`` for the ``sealed_data`` with this digest.

        Raises:
            PlatformError: The platform gave no key.
        """
        ...

    def unwrap(self, sealed_key: bytes, data_digest: bytes) -> tuple[bytes, KeyBinding]:
        """Return the DEK, and what it was bound to.

        Raises:
            UnsealError: It was made elsewhere or for other data, or is damaged.
            PlatformError: The platform gave no key.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Document:
    protection: str
    data_digest: bytes
    key: bytes = field(repr=False)

    def encode(self) -> bytes:
        members = {
            "format": _FORMAT,
            "protection": self.protection,
            "sealedData": self.data_digest.hex(),
            "key": b64encode(self.key).decode(),
        }
        return json.dumps(members, indent=1).encode() + b"\n"

    @classmethod
    def decode(cls, sealed_key: bytes) -> _Document:
        if not sealed_key:
            raise UnsealError("sealed_key is missing")
        try:
            members = json.loads(sealed_key)
            if members["format"] != _FORMAT or members["protection"] not in _PROTECTIONS:
                raise ValueError
            data_digest, key = bytes.fromhex(members["sealedData"]), b64decode(members["key"])
        except (ValueError, TypeError, KeyError, RecursionError):
            raise UnsealError("sealed_key is damaged") from None
        return cls(members["protection"], data_digest, key)

    def check_pair(self, data_digest: bytes) -> None:
        if self.data_digest != data_digest:
            raise UnsealError("sealed_key belongs to another version of sealed_data")


class UnprotectedSealer:
    """For simulation, where there is no platform: the DEK lies in the clear beside the data."""

    lacks_key = ""

    def wrap(self, dek: bytes, data_digest: bytes, binding: KeyBinding) -> bytes:
        """Return the DEK as it is; ``binding`` cannot be honoured."""
        return _Document(_UNPROTECTED, data_digest, dek).encode()

    def unwrap(self, sealed_key: bytes, data_digest: bytes) -> tuple[bytes, KeyBinding]:
        """Return the DEK."""
        document = _Document.decode(sealed_key)
        document.check_pair(data_digest)
        if document.protection != _UNPROTECTED:
            raise UnsealError("sealed_key was sealed by an enclave; this is a simulation")
        if len(document.key) != DEK_BYTES:
            raise UnsealError("sealed_key is damaged")
        return document.key, KeyBinding.PRODUCT


class PlatformSealer:
    """Wraps with a key of the platform, by AES-256-GCM under a key derived from it."""

    lacks_key = ""

    def __init__(self, platform_key: Callable[[KeyBinding], bytes]) -> None:
        self._platform_key = platform_key

    def wrap(self, dek: bytes, data_digest: bytes, binding: KeyBinding) -> bytes:
        """Encrypt the DEK; the binding and the digest are authenticated with it."""
        nonce = os.urandom(_NONCE_BYTES)
        wrapped = self._cipher(binding).encrypt(nonce, dek, _context(binding.value, data_digest))
        return _Document(binding.value, data_digest, nonce + wrapped).encode()

    def unwrap(self, sealed_key: bytes, data_digest: bytes) -> tuple[bytes, KeyBinding]:
        """Decrypt the DEK."""
        document = _Document.decode(sealed_key)
        document.check_pair(data_digest)
        if document.protection == _UNPROTECTED:
            raise UnsealError("sealed_key was made by a simulation and is not protected")
        if document.protection == _OWNERS:
            raise UnsealError("sealed_key was made where there are no sealing keys: it has no key")
        binding = KeyBinding(document.protection)
        nonce, wrapped = document.key[:_NONCE_BYTES], document.key[_NONCE_BYTES:]
        try:
            dek = self._cipher(binding).decrypt(
                nonce, wrapped, _context(document.protection, data_digest)
            )
        except (InvalidTag, ValueError):
            raise UnsealError(
                f"sealed_key cannot be opened here: it is damaged, or the platform's "
                f"{binding.value} key is another one (another host, or another enclave)"
            ) from None
        return dek, binding

    def _cipher(self, binding: KeyBinding) -> AESGCM:
        """Derive the wrapping key: platforms give 16 or 32 bytes (RFC 5869)."""
        derivation = HKDF(hashes.SHA256(), DEK_BYTES, salt=None, info=_FORMAT.encode())
        return AESGCM(derivation.derive(self._platform_key(binding)))


class OwnersSealer:
    """For platforms without keys: who has the DEK are this process and, divided, the owners.

    In the place of the wrapped DEK is a proof of it, by which this process finds the one that it
    needs if it has to read the state again.
    """

    def __init__(self, lacks_key: str) -> None:
        self.lacks_key = lacks_key
        self._known: deque[tuple[bytes, KeyBinding]] = deque(maxlen=2)

    def wrap(self, dek: bytes, data_digest: bytes, binding: KeyBinding) -> bytes:
        """Remember the DEK and the binding, and return a proof."""
        if (dek, binding) not in self._known:
            self._known.append((dek, binding))
        return _Document(_OWNERS, data_digest, _proof(dek, data_digest, binding)).encode()

    def unwrap(self, sealed_key: bytes, data_digest: bytes) -> tuple[bytes, KeyBinding]:
        """Return what this process knows."""
        document = _Document.decode(sealed_key)
        document.check_pair(data_digest)
        for dek, binding in self._known:
            if hmac.compare_digest(document.key, _proof(dek, data_digest, binding)):
                return dek, binding
        if document.protection != _OWNERS:
            raise UnsealError(f"sealed_key was made elsewhere, and {self.lacks_key}")
        raise UnsealError(f"only the owners of the recovery keys can open it: {self.lacks_key}")


def _proof(dek: bytes, data_digest: bytes, binding: KeyBinding) -> bytes:
    """Return what shows that one has the DEK, and tells nothing about it (RFC 2104)."""
    text = _context(_OWNERS, data_digest) + binding.value.encode()
    return hmac.digest(dek, text, "sha256")


def bound_to(sealed_key: bytes) -> bytes | None:
    """Return the digest of the ``sealed_data`` this key claims to belong to, None if damaged."""
    try:
        return _Document.decode(sealed_key).data_digest
    except UnsealError:
        return None


def _context(protection: str, data_digest: bytes) -> bytes:
    return f"{_FORMAT}\n{protection}\n".encode() + data_digest
