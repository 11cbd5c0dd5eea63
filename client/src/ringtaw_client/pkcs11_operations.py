"""What OpenSSL asks of a key that is elsewhere: to be told from others, measured, and to sign.

Functions in the sense of provider-keymgmt(7) and provider-signature(7). There is only what TLS 1.3
needs of a client: RSA-PSS with a salt as long as the digest (rsa_pss_rsae_*), and ECDSA.
"""

from __future__ import annotations

import ctypes
import hashlib
import itertools
import sys
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_ubyte, c_void_p
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from ringtaw_client.pkcs11_openssl import (
    Param,
    ParamType,
    c_function,
    content,
    descriptions,
    dispatch,
    integer,
    libcrypto,
    parameters,
)

HASHES: Final = {
    b"SHA256": "sha256",
    b"SHA2-256": "sha256",
    b"SHA384": "sha384",
    b"SHA2-384": "sha384",
    b"SHA512": "sha512",
    b"SHA2-512": "sha512",
}
"""OpenSSL's names, and hashlib's."""
PADDING: Final = {b"pad-mode": (b"pss", 6), b"saltlen": (b"digest", -1)}
"""What RSA is to be done with, as text or number: RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST."""
RSA_STRENGTHS: Final = ((15360, 256), (7680, 192), (3072, 128), (2048, 112), (1024, 80))
"""Bits of keys and of security: NIST SP 800-57 part 1, table 2."""
SELECT_PRIVATE_KEY: Final = 1
"""OSSL_KEYMGMT_SELECT_PRIVATE_KEY."""


class Signer(Protocol):
    """A private key that is elsewhere, and what TLS must know of it."""

    kind: bytes
    """``RSA`` or ``EC``."""
    bits: int
    """Size of the key."""
    max_size: int
    """Most bytes of a signature."""
    group: bytes
    """OpenSSL's name of the elliptic curve, or nothing."""
    identities: frozenset[bytes]
    """The modulus, big-endian without leading zeros; or the encodings of the point."""

    def sign(self, digest: bytes, hash_name: str) -> bytes:
        """Return a signature: RSA-PSS, or ECDSA in DER."""
        ...


@dataclass(slots=True)
class Key:
    """A key as OpenSSL holds it; one from a certificate has no signer."""

    identities: frozenset[bytes] = frozenset()
    signer: Signer | None = None


@dataclass(slots=True)
class Signing:
    """A signature in the making."""

    signer: Signer | None = None
    hash_name: str = ""
    padding: set[bytes] = field(default_factory=set)


_ECDSA: Final = ctypes.create_string_buffer(b"ECDSA")
_numbers: Final = itertools.count(1)
_held: Final[dict[int, Any]] = {}


def hold(thing: object) -> int:
    """Keep an object for OpenSSL, which gets a number in the place of a pointer."""
    number = next(_numbers)
    _held[number] = thing
    return number


@c_function(None, c_void_p)
def release(number: int | None) -> None:
    """Let go of an object."""
    _held.pop(number or 0, None)


# Keys


@c_function(c_void_p, c_void_p)
def _new(_provider: int | None) -> int:
    return hold(Key())


@c_function(c_void_p, POINTER(c_size_t), c_size_t)
def _load(reference: Any, _size: int) -> int:
    return int(reference[0])


@c_function(c_int, c_void_p, c_int)
def _has(number: int, selection: int) -> int:
    return int(not selection & SELECT_PRIVATE_KEY or _held[number].signer is not None)


@c_function(c_int, c_void_p, c_void_p, c_int)
def _match(first: int, second: int, _selection: int) -> int:
    return int(not _held[first].identities.isdisjoint(_held[second].identities))


@c_function(c_int, c_void_p, c_int, POINTER(Param))
def _import(number: int, _selection: int, params: Any) -> int:
    """Take the public key of a certificate, to compare it."""
    for param in parameters(params):
        if param.key == b"n":
            _held[number].identities = frozenset({_big_endian(content(param))})
        elif param.key == b"pub":
            _held[number].identities = frozenset({content(param)})
    return 1


@c_function(c_int, c_void_p, POINTER(Param))
def _get_params(number: int, params: Any) -> int:
    signer = _held[number].signer
    integers = {
        b"bits": signer.bits,
        b"security-bits": _strength(signer),
        b"max-size": signer.max_size,
    }
    for param in parameters(params):
        if param.key in integers:
            libcrypto().OSSL_PARAM_set_int(param, integers[param.key])
        elif param.key == b"group" and signer.group:
            libcrypto().OSSL_PARAM_set_utf8_string(param, signer.group)
    return 1


@c_function(c_void_p, c_int)
def _ec_operation(_operation: int) -> int:
    return ctypes.addressof(_ECDSA)


def _big_endian(number: bytes) -> bytes:
    """Return an integer of OpenSSL, which is in the machine's order, as others write it."""
    return (number if sys.byteorder == "big" else number[::-1]).lstrip(b"\0")


def _strength(signer: Signer) -> int:
    if signer.group:
        return signer.bits // 2
    return next((strength for bits, strength in RSA_STRENGTHS if signer.bits >= bits), 0)


# Signatures


@c_function(c_void_p, c_void_p, c_char_p)
def _signing_new(_provider: int | None, _properties: bytes | None) -> int:
    return hold(Signing())


@c_function(c_int, c_void_p, c_char_p, c_void_p, POINTER(Param))
def _sign_init(number: int, hash_name: bytes, key: int, params: Any) -> int:
    signing = _held[number]
    signing.signer = _held[key].signer
    signing.hash_name = HASHES[hash_name.upper()]
    return _set_padding(signing, params)


@c_function(c_int, c_void_p, POINTER(Param))
def _set_params(number: int, params: Any) -> int:
    return _set_padding(_held[number], params)


def _set_padding(signing: Signing, params: Any) -> int:
    """Refuse every way of signing but the one that there is."""
    for param in parameters(params):
        text, number = PADDING[param.key]
        is_text = param.data_type == ParamType.UTF8_STRING
        if (content(param).rstrip(b"\0") != text) if is_text else (integer(param) != number):
            return 0
        signing.padding.add(param.key)
    return 1


@c_function(c_int, c_void_p, POINTER(c_ubyte), POINTER(c_size_t), c_size_t, c_void_p, c_size_t)
def _sign(number: int, out: Any, size: Any, room: int, data: int, length: int) -> int:
    """Sign, or without a place for the signature return its largest size."""
    signing = _held[number]
    if not out:
        size[0] = signing.signer.max_size
        return 1
    if signing.signer.kind == b"RSA" and signing.padding != PADDING.keys():
        return 0
    digest = hashlib.new(signing.hash_name, ctypes.string_at(data, length)).digest()
    signature = signing.signer.sign(digest, signing.hash_name)
    if len(signature) > room:
        return 0
    ctypes.memmove(out, signature, len(signature))
    size[0] = len(signature)
    return 1


# Tables: the numbers are OSSL_FUNC_KEYMGMT_* and OSSL_FUNC_SIGNATURE_*

_MEASURES: Final = (
    (b"bits", ParamType.INTEGER),
    (b"security-bits", ParamType.INTEGER),
    (b"max-size", ParamType.INTEGER),
)
_GETTABLE: Final = descriptions(*_MEASURES, (b"group", ParamType.UTF8_STRING))
_IMPORTABLE: Final = descriptions(
    (b"n", ParamType.UNSIGNED_INTEGER),
    (b"e", ParamType.UNSIGNED_INTEGER),
    (b"group", ParamType.UTF8_STRING),
    (b"pub", ParamType.OCTET_STRING),
)
_SETTABLE: Final = descriptions(*((key, ParamType.UTF8_STRING) for key in PADDING))


@c_function(c_void_p, c_void_p)
def _gettable(_provider: int | None) -> int:
    return ctypes.addressof(_GETTABLE)


@c_function(c_void_p, c_int)
def _importable(_selection: int) -> int:
    return ctypes.addressof(_IMPORTABLE)


@c_function(c_void_p, c_void_p, c_void_p)
def _settable(_signing: int | None, _provider: int | None) -> int:
    return ctypes.addressof(_SETTABLE)


_KEY_FUNCTIONS: Final = {
    1: _new,
    8: _load,
    10: release,
    11: _get_params,
    12: _gettable,
    21: _has,
    23: _match,
    40: _import,
    41: _importable,
}
RSA_KEYS: Final = dispatch(_KEY_FUNCTIONS)
EC_KEYS: Final = dispatch({**_KEY_FUNCTIONS, 20: _ec_operation})
SIGNATURES: Final = dispatch(
    {
        1: _signing_new,
        8: _sign_init,
        11: _sign,
        16: release,
        20: _set_params,
        21: _settable,
    }
)
