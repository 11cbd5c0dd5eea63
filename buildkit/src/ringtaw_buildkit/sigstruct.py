"""SIGSTRUCT: the signature of an SGX enclave, which says what the enclave is and who signed it.

Public. Every SGX libOS makes the same structure; only where it is kept differs. Source: Intel 64
and IA-32 Architectures Software Developer's Manual, volume 3D, table "Layout of Enclave Signature
Structure (SIGSTRUCT)".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from ringtaw_premain.build_hookspecs import PackageProperties
from ringtaw_premain.errors import PlatformError

SIZE: Final = 1808
"""Bytes of a SIGSTRUCT."""

_HEADER: Final = bytes.fromhex("06000000e10000000000010000000000")
_HEADER2: Final = bytes.fromhex("01010000600000006000000001000000")
_HEADER2_OFFSET: Final = 24
_MODULUS: Final = slice(128, 512)
_EXPONENT: Final = slice(512, 516)
_SIGNATURE: Final = slice(516, 900)
_SIGNED: Final = (slice(0, 128), slice(900, 1028))
_FLAGS: Final = slice(928, 936)
_FLAGS_MASK: Final = slice(944, 952)
_MRENCLAVE: Final = slice(960, 992)
_ISV_PROD_ID: Final = slice(1024, 1026)
_ISV_SVN: Final = slice(1026, 1028)

_RSA_EXPONENT: Final = 3
_DEBUG_FLAG: Final = 1 << 1

_SIGN_AGAIN: Final = "sign the enclave again"


class SigstructError(PlatformError):
    """Bytes that should be, or hold, a SIGSTRUCT are none that a CPU would accept."""


@dataclass(frozen=True, slots=True)
class Sigstruct:
    """The fields that identify an enclave. The hashes are lower-case hexadecimal."""

    mr_enclave: str
    mr_signer: str
    isv_prod_id: int
    isv_svn: int
    debug: bool
    """The enclave is signed to run in debug mode."""
    fixes_debug: bool
    """The CPU starts it in no other mode than ``debug`` says; else its loader decides."""

    def package_properties(self) -> PackageProperties:
        """Return the fields in the words of a Coordinator's manifest."""
        return PackageProperties(
            self.mr_enclave, self.mr_signer, self.isv_prod_id, self.isv_svn, self.debug
        )


def parse(data: bytes) -> Sigstruct:
    """Return what a SIGSTRUCT says, after checking its headers and its signature.

    Raises:
        SigstructError: Wrong size, other headers, or not signed by the key that it carries.
    """
    if len(data) != SIZE:
        raise SigstructError(f"{len(data)} bytes long, a SIGSTRUCT has {SIZE}")
    if not _has_headers(data, 0):
        raise SigstructError("not a SIGSTRUCT: its header is another")
    _require_signature(data)
    flags, mask = _number(data[_FLAGS]), _number(data[_FLAGS_MASK])
    return Sigstruct(
        mr_enclave=data[_MRENCLAVE].hex(),
        mr_signer=hashlib.sha256(data[_MODULUS]).hexdigest(),
        isv_prod_id=_number(data[_ISV_PROD_ID]),
        isv_svn=_number(data[_ISV_SVN]),
        debug=bool(flags & _DEBUG_FLAG),
        fixes_debug=bool(mask & _DEBUG_FLAG),
    )


def find(data: bytes) -> Sigstruct:
    """Return the SIGSTRUCT that lies somewhere in ``data``, such as a section of an ELF file.

    Raises:
        SigstructError: There is none, or none with a valid signature, or there are several.
    """
    found: dict[Sigstruct, None] = {}
    refused: SigstructError | None = None
    for offset in _candidates(data):
        try:
            found[parse(data[offset : offset + SIZE])] = None
        except SigstructError as error:
            refused = error
    if len(found) > 1:
        raise SigstructError(f"{len(found)} different SIGSTRUCTs where one belongs")
    if not found:
        raise refused or SigstructError("no SIGSTRUCT in it", hint="sign the enclave first")
    return next(iter(found))


def _candidates(data: bytes) -> list[int]:
    offsets = []
    offset = data.find(_HEADER)
    while offset != -1:
        if _has_headers(data, offset):
            offsets.append(offset)
        offset = data.find(_HEADER, offset + 1)
    return offsets


def _has_headers(data: bytes, offset: int) -> bool:
    return data.startswith(_HEADER, offset) and data.startswith(_HEADER2, offset + _HEADER2_OFFSET)


def _require_signature(data: bytes) -> None:
    if not any(data[_MODULUS]):
        raise SigstructError("it is not signed: its modulus is zero", hint="sign the enclave first")
    if _number(data[_EXPONENT]) != _RSA_EXPONENT:
        raise SigstructError("its RSA exponent is not 3, which SGX asks for", hint=_SIGN_AGAIN)
    try:
        key = rsa.RSAPublicNumbers(_RSA_EXPONENT, _number(data[_MODULUS])).public_key()
        signed = b"".join(data[part] for part in _SIGNED)
        # Numbers are little-endian here, and big-endian in PKCS #1.
        key.verify(data[_SIGNATURE][::-1], signed, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError) as error:
        raise SigstructError(
            "its signature is not by the key that it carries", hint=_SIGN_AGAIN
        ) from error


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
