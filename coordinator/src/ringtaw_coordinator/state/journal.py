"""Changes to a sealed state, each sealed by itself.

A change is under AES-256-GCM (NIST SP 800-38D), with a key derived from the data encryption key
(RFC 5869), behind its 12-byte nonce. The digest of the sealed state that it belongs to, and its
number among the changes, are authenticated with it: none can be moved, repeated, left out before
another, or put behind another state. How many changes there are is witnessed beside the sealed
key, so that neither part works beside an older or newer version of the other.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ringtaw_coordinator.state.sealed_data import DEK_BYTES, UnsealError

_FORMAT: Final = b"ringtaw sealed change 1\n"
_NUMBER: Final = struct.Struct(">Q")
_NONCE_BYTES: Final = 12


class Journal:
    """Seals and opens the changes that follow one sealed state."""

    def __init__(self, dek: bytes, state_digest: bytes) -> None:
        self._cipher = AESGCM(_derived(dek, b"change"))
        self._witness_key = _derived(dek, b"witness")
        self._context = _FORMAT + state_digest

    def seal(self, change: bytes, number: int) -> bytes:
        """Encrypt change ``number`` (from 0) under a fresh nonce."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, change, self._context + _NUMBER.pack(number))

    def open(self, sealed: bytes, number: int) -> bytes:
        """Return change ``number``.

        Raises:
            UnsealError: It is damaged, or belongs somewhere else.
        """
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, rest, self._context + _NUMBER.pack(number))
        except (InvalidTag, ValueError):
            message = f"change {number + 1} in sealed_data is damaged, or belongs somewhere else"
            raise UnsealError(message) from None

    def witness(self, count: int) -> bytes:
        """Return the word of whoever holds the key that there are this many changes."""
        tag = hmac.digest(self._witness_key, self._context + _NUMBER.pack(count), hashlib.sha256)
        return b"%d %s" % (count, tag.hex().encode())

    def witnessed(self, witness: bytes) -> int:
        """Return how many changes there are by this word; b"" says none.

        Raises:
            UnsealError: It is nobody's word, or about another state.
        """
        if not witness:
            return 0
        digits = witness.partition(b" ")[0]
        count = int(digits) if digits.isdigit() and len(digits) < 20 else 0
        if not hmac.compare_digest(self.witness(count), witness):
            raise UnsealError("sealed_key is damaged: its last witness is not genuine")
        return count


def _derived(dek: bytes, use: bytes) -> bytes:
    derivation = HKDF(hashes.SHA256(), DEK_BYTES, salt=None, info=_FORMAT + use)
    return derivation.derive(dek)
