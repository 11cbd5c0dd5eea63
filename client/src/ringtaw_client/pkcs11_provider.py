"""Lets Python's own TLS use a key that is elsewhere: a small provider of keys for OpenSSL.

``ssl`` takes private keys from files in PEM alone. What it is given here is a PEM block that holds
nothing but a number of this process. The provider decodes it to a key, and OpenSSL comes back to
the provider, which is in :mod:`ringtaw_client.pkcs11_operations`, for a signature. Whatever fails
there ends the handshake.
"""

from __future__ import annotations

import base64
import ctypes
import functools
import re
from collections.abc import Callable
from ctypes import POINTER, byref, c_char, c_int, c_size_t, c_void_p
from typing import Any, Final

from ringtaw_client.errors import InputError
from ringtaw_client.pkcs11_openssl import (
    Dispatch,
    Operation,
    Param,
    ParamType,
    algorithms,
    c_function,
    dispatch,
    libcrypto,
    with_values,
)
from ringtaw_client.pkcs11_operations import (
    EC_KEYS,
    RSA_KEYS,
    SIGNATURES,
    Key,
    Signer,
    hold,
    release,
)

NAME: Final = b"ringtaw-keys"
LABEL: Final = b"RINGTAW KEY ELSEWHERE"
MAX_PEM: Final = 1 << 20

_OBJECT_PKEY: Final = 2
_BIO_READ_EX: Final = 42
_QUERY_OPERATION: Final = 1027

_BLOCK: Final = re.compile(b"-----BEGIN %b-----\n([A-Za-z0-9+/=]+)\n-----END" % LABEL)
_ReadBio: Final = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t, POINTER(c_size_t))
_Found: Final = ctypes.CFUNCTYPE(c_int, POINTER(Param), c_void_p)


def key_pem(signer: Signer) -> bytes:
    """Return the PEM block for a key; good for one use, in this process.

    Raises:
        InputError: The OpenSSL of this Python cannot use keys that are elsewhere.
    """
    _load_provider()
    content = b"%b %d" % (signer.kind, hold(Key(signer.identities, signer)))
    block = base64.b64encode(content)
    return b"-----BEGIN %b-----\n%b\n-----END %b-----\n" % (LABEL, block, LABEL)


@functools.cache
def _load_provider() -> None:
    """Load OpenSSL's default provider first: of two that can do the same, it takes the first."""
    library = libcrypto()
    if not (
        library.OSSL_PROVIDER_add_builtin(None, NAME, ctypes.cast(_initialise, c_void_p))
        and library.OSSL_PROVIDER_try_load(None, b"default", 1)
        and library.OSSL_PROVIDER_try_load(None, NAME, 1)
    ):
        raise InputError("OpenSSL does not take a provider of keys")


# From PEM to a key: provider-decoder(7)


@c_function(c_void_p, c_void_p)
def _decoder_new(_provider: int | None) -> int:
    return hold(None)


def _decoder(kind: bytes) -> Any:
    """Return the function that finds keys of one kind, and hands them to OpenSSL."""

    @c_function(c_int, c_void_p, c_void_p, c_int, _Found, c_void_p, c_void_p, c_void_p)
    def decode(
        _decoder: int, bio: int, _selection: int, found: Any, argument: int | None, *_password: Any
    ) -> int:
        block = _BLOCK.search(_read(bio))
        own_kind, _, number = (
            base64.b64decode(block[1]).partition(b" ") if block else (b"", b"", b"")
        )
        if own_kind != kind:
            return 1  # not for this decoder, which is no failure
        with with_values(
            (b"type", ParamType.INTEGER, c_int(_OBJECT_PKEY)),
            (b"data-type", ParamType.UTF8_STRING, ctypes.create_string_buffer(kind, len(kind))),
            (b"reference", ParamType.OCTET_STRING, c_size_t(int(number))),
        ) as params:
            return int(found(params, argument))

    return decode


def _read(bio: int) -> bytes:
    """Read what OpenSSL was given."""
    buffer = (c_char * MAX_PEM)()
    size = c_size_t()
    data = b""
    while _core[_BIO_READ_EX](bio, buffer, MAX_PEM, byref(size)) and size.value:
        data += buffer.raw[: size.value]
        if len(data) > MAX_PEM:
            break
    return data


# The provider: provider-base(7)

_core: Final[dict[int, Callable[..., int]]] = {}
"""Functions of OpenSSL for providers, by number."""

_RSA_DECODER: Final = _decoder(b"RSA")
_EC_DECODER: Final = _decoder(b"EC")
_PROPERTIES: Final = b"provider=" + NAME
_TABLES: Final = {
    Operation.KEYMGMT: algorithms(
        (b"RSA:rsaEncryption", _PROPERTIES, RSA_KEYS),
        (b"EC:id-ecPublicKey", _PROPERTIES, EC_KEYS),
    ),
    Operation.SIGNATURE: algorithms(
        (b"RSA:rsaEncryption", _PROPERTIES, SIGNATURES), (b"ECDSA", _PROPERTIES, SIGNATURES)
    ),
    Operation.DECODER: algorithms(
        (
            b"RSA:rsaEncryption",
            _PROPERTIES + b",input=pem",
            dispatch({1: _decoder_new, 2: release, 11: _RSA_DECODER}),
        ),
        (
            b"EC:id-ecPublicKey",
            _PROPERTIES + b",input=pem",
            dispatch({1: _decoder_new, 2: release, 11: _EC_DECODER}),
        ),
    ),
}


@c_function(c_void_p, c_void_p, c_int, POINTER(c_int))
def _query(_provider: int | None, operation: int, no_cache: Any) -> int:
    no_cache[0] = 0
    table = _TABLES.get(Operation(operation)) if operation in set(Operation) else None
    return 0 if table is None else ctypes.addressof(table)


_FUNCTIONS: Final = dispatch({_QUERY_OPERATION: _query})


@c_function(c_int, c_void_p, POINTER(Dispatch), POINTER(POINTER(Dispatch)), POINTER(c_void_p))
def _initialise(core: int, functions: Any, own_functions: Any, context: Any) -> int:
    index = 0
    while functions[index].function_id:
        if functions[index].function_id == _BIO_READ_EX:
            _core[_BIO_READ_EX] = _ReadBio(functions[index].function)
        index += 1
    own_functions[0] = _FUNCTIONS
    context[0] = core
    return 1
