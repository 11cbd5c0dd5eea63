"""A recovery: the owners of the recovery keys hand in their secrets until the DEK can be had.

A secret comes in plain or encrypted to the ephemeral key of this recovery (RSA-4096, OAEP with
SHA-256), which an owner whose connection ends outside the enclave uses. Each comes with its
owner's signature over the plain secret (RSA PKCS #1 v1.5 with SHA-256, RFC 8017). The signatures
can be judged only once the state is open, by the recovery keys of the manifest in it; a wrong one
spoils nothing but the share it came with.

Calls block; they come one at a time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from ringtaw_coordinator.errors import RecoverySecretError, RequestRefusedError
from ringtaw_coordinator.state import shamir
from ringtaw_coordinator.state.recovery import OAEP, SCHEMES, xor

PLAIN_BYTES: Final = (16, 32, 33)
"""Lengths that are a secret in plain: an AES-128 key, as MarbleRun once had, a key or share of 32
bytes, a share by Shamir's scheme. Whatever has another length is decrypted."""
_KEY_BITS: Final = 4096


@dataclass(frozen=True, slots=True)
class Share:
    """One owner's secret, and the signature over it that is yet to be judged."""

    number: int
    """Its place among the secrets that were handed out, from 0."""
    value: bytes = field(repr=False)
    signature: bytes


class RecoveryRun:
    """Collects shares. It lasts from the start of a Coordinator to its recovery."""

    def __init__(self, recovery_data: bytes) -> None:
        """Take what lies in clear beside the sealed state: authentic only once that is open.

        Raises:
            ValueError: It is damaged.
        """
        self._scheme, self._needed, self._hashes = _parse(recovery_data)
        self._shares: dict[int, Share] = {}
        self._ephemeral: rsa.RSAPrivateKey | None = None

    @property
    def is_possible(self) -> bool:
        """Whether there are any recovery keys."""
        return bool(self._hashes)

    @property
    def remaining(self) -> int:
        """How many owners have not handed in theirs yet; 0 once enough have."""
        return 0 if self.is_complete else len(self._hashes) - len(self._shares)

    @property
    def needed(self) -> int:
        """How many secrets open the state."""
        return self._needed

    @property
    def accepted(self) -> int:
        """How many were handed in: they are in memory only."""
        return len(self._shares)

    @property
    def is_complete(self) -> bool:
        """Whether the DEK can be had."""
        return self.is_possible and len(self._shares) >= self._needed

    @property
    def shares(self) -> list[Share]:
        """What has been handed in."""
        return list(self._shares.values())

    def public_key(self) -> bytes:
        """Return the ephemeral key (SubjectPublicKeyInfo, DER); making it may take seconds."""
        if self._ephemeral is None:
            self._ephemeral = rsa.generate_private_key(65537, _KEY_BITS)
        public_key = self._ephemeral.public_key()
        return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def accept(self, secret: bytes, signature: bytes) -> Share:
        """Take a secret, plain or encrypted to the ephemeral key.

        Raises:
            RecoverySecretError: It cannot be decrypted.
            RequestRefusedError: It is nobody's, or has been handed in before.
        """
        value = secret if len(secret) in PLAIN_BYTES else self._decrypt(secret)
        number = self._number_of(value)
        if number in self._shares:
            raise RequestRefusedError("this recovery secret has been handed in before")
        share = self._shares[number] = Share(number, value, signature)
        return share

    def give_back(self, shares: Iterable[Share]) -> None:
        """Forget shares, as if they had never been handed in."""
        for share in shares:
            self._shares.pop(share.number, None)

    def key(self) -> bytes:
        """Return the DEK that the shares make.

        Raises:
            ValueError: They make none.
        """
        values = [share.value for share in self._shares.values()]
        if self._scheme == "single":
            return values[0]
        if self._scheme == "xor":
            return reduce(xor, values)
        return shamir.combine(values)

    def _decrypt(self, secret: bytes) -> bytes:
        try:
            if self._ephemeral is None:
                raise ValueError
            return self._ephemeral.decrypt(secret, OAEP)
        except ValueError:
            raise RecoverySecretError(
                f"the recovery secret ({len(secret)} bytes) is neither in plain (32 or 33 bytes) "
                "nor encrypted to the public key of this recovery; after a restart of the "
                "Coordinator that is another one"
            ) from None

    def _number_of(self, value: bytes) -> int:
        """Compare with every hash, in the same time whichever it is."""
        digest = hashlib.sha256(value).hexdigest()
        matches = [hmac.compare_digest(known, digest) for known in self._hashes]
        if not any(matches):
            raise RequestRefusedError(
                "this recovery secret belongs to no recovery key of the state"
            )
        return matches.index(True)


def unsigned_shares(shares: Iterable[Share], keys: Iterable[bytes]) -> list[Share]:
    """Return the shares whose signature is by none of the keys (DER) that no other share is by."""
    free = list(keys)
    unsigned = []
    for share in shares:
        signer = next((key for key in free if _is_signed(share, key)), None)
        if signer is None:
            unsigned.append(share)
        else:
            free.remove(signer)
    return unsigned


def _is_signed(share: Share, key: bytes) -> bool:
    public_key = load_der_public_key(key)
    if not isinstance(public_key, rsa.RSAPublicKey):
        return False
    try:
        public_key.verify(share.signature, share.value, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _parse(data: bytes) -> tuple[str, int, list[str]]:
    try:
        members = json.loads(data)
        scheme, needed, known = members["scheme"], members["threshold"], members["hashes"]
        fits = type(needed) is int and 0 <= needed <= len(known)
        if scheme not in SCHEMES or not fits or not all(_is_hash(text) for text in known):
            raise ValueError
        if bool(known) != (needed > 0) or (scheme == "single") != (len(known) == 1):
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ValueError("the recovery data in sealed_data is damaged") from None
    return scheme, needed, known


def _is_hash(text: object) -> bool:
    return isinstance(text, str) and len(text) == 64 and text.isascii()
