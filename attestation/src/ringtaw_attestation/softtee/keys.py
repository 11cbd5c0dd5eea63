"""Everything secret of a software TEE, derived from one seed: the same seed makes the same TEE."""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

SEED_SIZE: Final = 32
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the group of P-256."""
_SIGNING: Final = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


class Keys:
    """Derives keys and numbers by label. Not for anything that hardware should protect."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_SIZE:
            raise ValueError(f"seed has {len(seed)} bytes, not {SEED_SIZE}")
        self._seed = seed

    def derive(self, label: str, length: int) -> bytes:
        """Return bytes that depend on seed and label."""
        info = b"ringtaw software TEE\0" + label.encode()
        return HKDFExpand(hashes.SHA256(), length, info).derive(self._seed)

    def signing_key(self, label: str) -> ec.EllipticCurvePrivateKey:
        """Return a key on P-256."""
        number = int.from_bytes(self.derive(f"key\0{label}", 48), "big")
        return ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP256R1())

    def serial_number(self, label: str) -> int:
        """Return a certificate's serial number of 16 bytes (RFC 5280 allows 20), not negative."""
        return int.from_bytes(self.derive(f"serial\0{label}", 16), "big") >> 1 | 1


def sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """Return the ECDSA signature with SHA-256 (RFC 6979), r and s of 32 bytes, big-endian."""
    r, s = decode_dss_signature(key.sign(data, _SIGNING))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def coordinates(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return x and y of the public key, 32 bytes each, big-endian."""
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def measurement(text: str, size: int = 32) -> bytes:
    """Return a made-up measurement that belongs to a text: SHA-256 or, of 48 bytes, SHA-384."""
    return (hashlib.sha384 if size == 48 else hashlib.sha256)(text.encode()).digest()
