"""ECDSA on P-256 with SHA-256, in the raw form that quotes and collateral use."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

SIGNATURE_SIZE: Final = 64
_ALGORITHM: Final = ec.ECDSA(hashes.SHA256())
_CURVE: Final = ec.SECP256R1()


def load_key(coordinates: bytes) -> ec.EllipticCurvePublicKey:
    """Return the public key with these coordinates x and y, 32 bytes each, big-endian.

    Raises:
        ValueError: There is no such point on P-256.
    """
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, b"\x04" + coordinates)


def is_valid(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes) -> bool:
    """Whether the signature r and s, 32 bytes each, big-endian, is the key's over the data."""
    if len(signature) != SIGNATURE_SIZE:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), data, _ALGORITHM)
    except InvalidSignature:
        return False
    return True
