"""Keys in PKCS #11 tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from ringtaw_client import InputError

if TYPE_CHECKING:
    from ringtaw_client import Credential

    from ringtaw_cli.session.user import RecoveryKeyHolder, RecoveryKeyOptions, UserOptions


def token_credential(options: UserOptions) -> Credential:
    """Return the credential of a user whose key is in a token.

    Raises:
        InputError: It cannot be used.
    """
    _not_installed(options.pkcs11_config)


def token_recovery_key(options: RecoveryKeyOptions) -> RecoveryKeyHolder:
    """Return what uses a recovery key in a token.

    Raises:
        InputError: It cannot be used.
    """
    _not_installed(options.pkcs11_config)


def _not_installed(config: object) -> NoReturn:
    raise InputError(
        f"{config} names a PKCS #11 token, and support for tokens is not installed",
        hint="give the key as a file",
    )
