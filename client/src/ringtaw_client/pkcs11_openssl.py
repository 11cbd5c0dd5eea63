"""The part of OpenSSL's C interface that a provider of keys needs, by ctypes.

Everything here is public and kept stable by OpenSSL since 3.0: provider-base(7),
openssl-core_dispatch.h(7), provider-keymgmt(7), provider-signature(7), provider-decoder(7).
"""

from __future__ import annotations

import ctypes
import functools
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint, c_void_p
from enum import IntEnum
from typing import Any, Final

from ringtaw_client.errors import InputError

UNMODIFIED: Final = c_size_t(-1).value
"""OSSL_PARAM_UNMODIFIED: no value was returned in a parameter yet."""


class Operation(IntEnum):
    """OSSL_OP_*: what a provider can be asked for."""

    KEYMGMT = 10
    SIGNATURE = 12
    DECODER = 21


class ParamType(IntEnum):
    """OSSL_PARAM_*: types of parameters."""

    INTEGER = 1
    UNSIGNED_INTEGER = 2
    UTF8_STRING = 4
    OCTET_STRING = 5


class Param(ctypes.Structure):
    """OSSL_PARAM(3)."""

    _fields_ = (
        ("key", c_char_p),
        ("data_type", c_uint),
        ("data", c_void_p),
        ("data_size", c_size_t),
        ("return_size", c_size_t),
    )


class Dispatch(ctypes.Structure):
    """OSSL_DISPATCH(3)."""

    _fields_ = (("function_id", c_int), ("function", c_void_p))


class Algorithm(ctypes.Structure):
    """OSSL_ALGORITHM(3)."""

    _fields_ = (
        ("names", c_char_p),
        ("properties", c_char_p),
        ("implementation", POINTER(Dispatch)),
        ("description", c_char_p),
    )


@functools.cache
def libcrypto() -> Any:
    """Return the libcrypto that Python's own ``ssl`` uses.

    Raises:
        InputError: It is older than 3.0, or cannot be reached.
    """
    import _ssl

    hint = "use a Python whose ssl module uses a shared OpenSSL 3.0 or newer, such as Debian's"
    if ssl.OPENSSL_VERSION_INFO < (3,):
        raise InputError(f"{ssl.OPENSSL_VERSION} cannot use keys in tokens", hint=hint)
    library = ctypes.CDLL(getattr(_ssl, "__file__", None))  # finds what _ssl is linked with, too
    try:
        library.OSSL_PROVIDER_add_builtin.argtypes = (c_void_p, c_char_p, c_void_p)
        library.OSSL_PROVIDER_try_load.argtypes = (c_void_p, c_char_p, c_int)
        library.OSSL_PROVIDER_try_load.restype = c_void_p
        library.ERR_clear_error.restype = None
        library.OSSL_PARAM_set_int.argtypes = (POINTER(Param), c_int)
        library.OSSL_PARAM_set_utf8_string.argtypes = (POINTER(Param), c_char_p)
    except AttributeError:
        raise InputError("the OpenSSL of this Python cannot be reached", hint=hint) from None
    return library


def forget_errors() -> None:
    """Empty OpenSSL's list of errors of this thread.

    A PKCS #11 module may use the same libcrypto and leave errors there, as SoftHSM does; ``ssl``
    would take them for its own.
    """
    with suppress(InputError):  # another libcrypto, another list
        libcrypto().ERR_clear_error()


def c_function(result: Any, *arguments: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a C function of a Python function; an exception makes it return 0, which is failure."""

    def decorate(python: Callable[..., Any]) -> Any:
        @functools.wraps(python)
        def guarded(*values: Any) -> Any:
            try:
                return python(*values)
            except Exception:
                return None if result is None else 0

        return ctypes.CFUNCTYPE(result, *arguments)(guarded)

    return decorate


def dispatch(functions: Mapping[int, Any]) -> ctypes.Array[Dispatch]:
    """Return a table of functions by number. It and they must live as long as OpenSSL does."""
    rows = [Dispatch(number, ctypes.cast(each, c_void_p)) for number, each in functions.items()]
    return (Dispatch * (len(rows) + 1))(*rows)


def algorithms(*rows: tuple[bytes, bytes, ctypes.Array[Dispatch]]) -> ctypes.Array[Algorithm]:
    """Return a table of names, properties and functions, which must live as long, too."""
    return (Algorithm * (len(rows) + 1))(*[Algorithm(*row, None) for row in rows])


def descriptions(*rows: tuple[bytes, ParamType]) -> ctypes.Array[Param]:
    """Return a list of the parameters that there are."""
    return (Param * (len(rows) + 1))(*[Param(key, kind, None, 0, UNMODIFIED) for key, kind in rows])


@contextmanager
def with_values(*rows: tuple[bytes, ParamType, Any]) -> Iterator[ctypes.Array[Param]]:
    """Make parameters of ctypes objects."""
    yield (Param * (len(rows) + 1))(
        *[
            Param(key, kind, ctypes.addressof(value), ctypes.sizeof(value), UNMODIFIED)
            for key, kind, value in rows
        ]
    )


def parameters(params: Any) -> Iterator[Param]:
    """Yield the parameters of a list, which may be NULL."""
    index = 0
    while params and params[index].key is not None:
        yield params[index]
        index += 1


def content(param: Param) -> bytes:
    """Return the bytes of a parameter's value."""
    return ctypes.string_at(param.data, param.data_size) if param.data else b""


def integer(param: Param) -> int:
    """Return the value of a parameter that is an integer."""
    return int.from_bytes(content(param), sys.byteorder, signed=True)
