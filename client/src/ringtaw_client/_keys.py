"""Private keys in PEM."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ringtaw_client.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

Password = Callable[[], str]
"""Asks for the password of a key. Called only if the key is encrypted."""


def load_private_key(pem: bytes, password: Password | None, name: str) -> PrivateKeyTypes:
    """Read PKCS #8, PKCS #1 or SEC 1, encrypted or not; ``name`` is for errors.

    Raises:
        InputError: It is none of these, or the password is wrong or missing.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pem, None)
    except TypeError:
        pass  # encrypted
    except (ValueError, UnsupportedAlgorithm):
        raise InputError(f"{name} is no private key in PEM") from None
    if password is None:
        raise InputError(f"{name} is encrypted", hint="give its password")
    try:
        return load_pem_private_key(pem, password().encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InputError(f"the password of {name} is wrong, or the key is damaged") from None
