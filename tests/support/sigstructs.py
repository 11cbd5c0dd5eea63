"""Makes SIGSTRUCTs as signing tools do: RSA-3072 with exponent 3 over the two signed parts."""

from __future__ import annotations

import functools
import hashlib
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

MR_ENCLAVE: Final = hashlib.sha256(b"an enclave").hexdigest()
_SIZE: Final = 1808


@functools.cache
def signing_key() -> rsa.RSAPrivateKey:
    """Return the one key of this process."""
    return rsa.generate_private_key(public_exponent=3, key_size=3072)


def modulus(key: rsa.RSAPrivateKey) -> bytes:
    """Return the modulus as a SIGSTRUCT has it."""
    return key.public_key().public_numbers().n.to_bytes(384, "little")


def mr_signer(key: rsa.RSAPrivateKey) -> str:
    """Return MRSIGNER."""
    return hashlib.sha256(modulus(key)).hexdigest()


def make_sigstruct(
    *,
    mr_enclave: str = MR_ENCLAVE,
    isv_prod_id: int = 0,
    isv_svn: int = 0,
    debug: bool = False,
    fixes_debug: bool = True,
    key: rsa.RSAPrivateKey | None = None,
) -> bytes:
    """Return a signed SIGSTRUCT (Intel SDM volume 3D, layout of SIGSTRUCT)."""
    key = key or signing_key()
    data = bytearray(_SIZE)
    data[0:16] = bytes.fromhex("06000000e10000000000010000000000")
    data[20:24] = bytes.fromhex("21112620")  # 2026-11-21, little-endian BCD
    data[24:40] = bytes.fromhex("01010000600000006000000001000000")
    data[928:936] = (0x04 | (0x02 if debug else 0)).to_bytes(8, "little")
    data[944:952] = (0xFFFFFFFF & ~(0 if fixes_debug else 0x02)).to_bytes(8, "little")
    data[960:992] = bytes.fromhex(mr_enclave)
    data[1024:1026] = isv_prod_id.to_bytes(2, "little")
    data[1026:1028] = isv_svn.to_bytes(2, "little")
    return sign(bytes(data), key)


def sign(data: bytes, key: rsa.RSAPrivateKey) -> bytes:
    """Return the SIGSTRUCT with the key's modulus and signature, and what SGX derives of them."""
    n = key.public_key().public_numbers().n
    signed = data[:128] + data[900:1028]
    number = int.from_bytes(key.sign(signed, padding.PKCS1v15(), hashes.SHA256()), "big")
    q1, rest = divmod(number * number, n)
    q2 = rest * number // n
    result = bytearray(data)
    result[128:512] = modulus(key)
    result[512:516] = (3).to_bytes(4, "little")
    result[516:900] = number.to_bytes(384, "little")
    result[1040:1424] = q1.to_bytes(384, "little")
    result[1424:1808] = q2.to_bytes(384, "little")
    return bytes(result)
