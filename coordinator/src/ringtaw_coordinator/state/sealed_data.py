"""``sealed_data``: the state encrypted under the data encryption key (DEK).

Layout: the magic, the length of the recovery data (4 bytes, big endian), the recovery data in
clear, a 12-byte nonce, and the state under AES-256-GCM (NIST SP 800-38D) with all that precedes the
nonce as additional data.
"""

from __future__ import annotations

import hashlib
import os
import struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

DEK_BYTES: Final = 32
_MAGIC: Final = b"ringtaw sealed data 1\n"
_LENGTH: Final = struct.Struct(">I")
_NONCE_BYTES: Final = 12
_HEADER_BYTES: Final = len(_MAGIC) + _LENGTH.size


class UnsealError(Exception):
    """Sealed state cannot be opened; the text says why and holds no secret."""


class OutdatedError(UnsealError):
    """The state is genuine, and not the latest: recovery secrets do not help.

    ``remedy`` tells an operator what does, in sentences.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


def seal(state: bytes, dek: bytes, recovery: bytes) -> bytes:
    """Encrypt the state under a fresh nonce, with the recovery data in clear beside it."""
    header = _MAGIC + _LENGTH.pack(len(recovery)) + recovery
    nonce = os.urandom(_NONCE_BYTES)
    return header + nonce + AESGCM(dek).encrypt(nonce, state, header)


def unseal(sealed_data: bytes, dek: bytes) -> bytes:
    """Return the state.

    Raises:
        UnsealError: It is damaged, or the key is another one.
    """
    end = _recovery_end(sealed_data)
    header = sealed_data[:end]
    nonce = sealed_data[end : end + _NONCE_BYTES]
    try:
        return AESGCM(dek).decrypt(nonce, sealed_data[end + _NONCE_BYTES :], header)
    except (InvalidTag, ValueError):
        raise UnsealError("sealed_data is damaged, or belongs to another key") from None


def recovery_data(sealed_data: bytes) -> bytes:
    """Return the recovery data, which is authentic only once :func:`unseal` has succeeded.

    Raises:
        UnsealError: It is damaged.
    """
    return sealed_data[_HEADER_BYTES : _recovery_end(sealed_data)]


def digest(sealed_data: bytes) -> bytes:
    """Return what names this very sealed state: its SHA-256."""
    return hashlib.sha256(sealed_data).digest()


def _recovery_end(sealed_data: bytes) -> int:
    if len(sealed_data) < _HEADER_BYTES or not sealed_data.startswith(_MAGIC):
        raise UnsealError("sealed_data is damaged: it does not begin as it should")
    (length,) = _LENGTH.unpack_from(sealed_data, len(_MAGIC))
    end = _HEADER_BYTES + int(length)
    if len(sealed_data) < end + _NONCE_BYTES:
        raise UnsealError("sealed_data is damaged: it is cut short")
    return end
