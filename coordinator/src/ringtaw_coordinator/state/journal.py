"""Changes to a sealed state, each sealed by itself, in a chain.

A change is under AES-256-GCM (NIST SP 800-38D), with a key derived from the data encryption key and
the digest of the sealed state (RFC 5869), behind its 12-byte nonce: random nonces are good for 2^32
changes under one key, and no state has nearly as many. What is authenticated with a change names
all that came before: that digest, then a hash over it and every sealed change since. So none can be
moved, repeated, left out, put behind another state, or mixed with changes of another history: what
opens has been a state of this deployment. How long the chain is, and its head, are witnessed beside
the sealed key, so that neither part works beside an older or newer version of the other.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ringtaw_coordinator.state.sealed_data import DEK_BYTES, OutdatedError, UnsealError

OLD_DATA_REMEDY: Final = (
    "Put the latest sealed_data back and restart the Coordinator. To recover what is there on "
    "purpose, remove sealed_key, restart, and hand in the recovery secrets."
)
_FORMAT: Final = b"ringtaw sealed change 3\n"
_NUMBER: Final = struct.Struct(">Q")
_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the chain: how many changes precede it, and a hash over all of them."""

    count: int
    head: bytes

    @classmethod
    def start(cls, state_digest: bytes) -> Position:
        """Return where the first change to a sealed state goes."""
        return cls(0, state_digest)

    def after(self, sealed: bytes) -> Position:
        """Return where the change behind this sealed one goes."""
        return Position(self.count + 1, hashlib.sha256(self.head + sealed).digest())

    def encode(self) -> bytes:
        """Return what is authenticated."""
        return _FORMAT + self.head + _NUMBER.pack(self.count)


class Journal:
    """Seals and opens changes to the sealed state with this digest."""

    def __init__(self, dek: bytes, state_digest: bytes) -> None:
        self._cipher = AESGCM(_derived(dek, b"change " + state_digest))
        self._witness_key = _derived(dek, b"witness")

    def seal(self, change: bytes, position: Position) -> bytes:
        """Encrypt a change under a fresh nonce, for this place only."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, change, position.encode())

    def open(self, sealed: bytes, position: Position) -> bytes:
        """Return the change in this place.

        Raises:
            UnsealError: It is damaged, or belongs somewhere else.
        """
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, rest, position.encode())
        except (InvalidTag, ValueError):
            message = f"change {position.count + 1} in sealed_data is damaged, or belongs elsewhere"
            raise UnsealError(message) from None

    def witness(self, position: Position) -> bytes:
        """Return the word of whoever holds the key that the chain goes this far; b"" at its start.

        One who only copies files cannot make it for another chain or place.
        """
        if position.count == 0:
            return b""
        tag = hmac.digest(self._witness_key, position.encode(), hashlib.sha256)
        return b"%d %s" % (position.count, tag.hex().encode())

    def check_witness(self, witness: bytes, before: Position, last: Position) -> None:
        """Return if the chain that ends at ``last`` is all that was acknowledged.

        Its last change, between ``before`` and ``last``, may lack its witness: a crash leaves that.

        Raises:
            OutdatedError: It is not.
            UnsealError: ``witness`` belongs to another chain.
        """
        expected = (self.witness(before), self.witness(last))
        if any(hmac.compare_digest(witness, each) for each in expected):
            return
        count = witnessed_count(witness)
        if count > last.count:
            reason = "sealed_data is older than sealed_key: changes are missing from it"
            raise OutdatedError(reason, OLD_DATA_REMEDY)
        if count < before.count:
            raise UnsealError("sealed_key is older than sealed_data")
        raise UnsealError("sealed_key is damaged or of another history: its witness is not genuine")


def witnessed_count(witness: bytes) -> int:
    """Return how many changes there are by a witness, genuine or not."""
    digits = witness.partition(b" ")[0]
    return int(digits) if digits.isdigit() and len(digits) < 20 else 0


def _derived(dek: bytes, use: bytes) -> bytes:
    derivation = HKDF(hashes.SHA256(), DEK_BYTES, salt=None, info=_FORMAT + use)
    return derivation.derive(dek)
