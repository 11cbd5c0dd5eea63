"""The signer's private key, of which only the public half is looked at."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_MAX_SIZE: Final = 65536
_BITS: Final = 3072
_EXPONENT: Final = 3


class NotAKeyError(Exception):
    """A file is not a key that SGX takes."""


def signer_of(path: Path) -> str | None:
    """Return the MRSIGNER that enclaves signed with a key have; None for a key that is locked.

    Raises:
        NotAKeyError: It is no private RSA key with 3072 bits and exponent 3.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        pem = file.read(_MAX_SIZE)
    try:
        # Whether its private half is right is `ego sign`'s to find out, and slow.
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    except TypeError:
        return None  # encrypted
    except (ValueError, UnsupportedAlgorithm):
        raise NotAKeyError("not a private key in PEM form") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size != _BITS:
        raise NotAKeyError(f"not an RSA key with {_BITS} bits")
    numbers = key.public_key().public_numbers()
    if numbers.e != _EXPONENT:
        raise NotAKeyError(f"its exponent is {numbers.e}, not {_EXPONENT}")
    return hashlib.sha256(numbers.n.to_bytes(_BITS // 8, "little")).hexdigest()


def is_readable_by_others(path: Path) -> bool:
    """Whether group or others may read a file."""
    return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
