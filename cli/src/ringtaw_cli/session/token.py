"""Keys in PKCS #11 tokens, and how a token's PIN is had."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from ringtaw_client import InputError

from ringtaw_cli.output import printable, warning
from ringtaw_cli.session.passwords import PasswordSource
from ringtaw_cli.session.planted import read_trusted

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringtaw_client import Credential
    from ringtaw_client.pkcs11 import TokenConfig

    from ringtaw_cli.session.user import RecoveryKeyHolder, RecoveryKeyOptions, UserOptions

_MAX_CONFIG: Final = 1 << 20


def token_credential(options: UserOptions) -> Credential:
    """Return the credential of a user whose key is in a token.

    Raises:
        UsageError: The key or the certificate is not named.
        InputError: It cannot be used.
    """
    from ringtaw_client.pkcs11 import ObjectName, TokenCredential

    key = ObjectName(options.pkcs11_key_id, options.pkcs11_key_label)
    certificate = ObjectName(options.pkcs11_cert_id, options.pkcs11_cert_label)
    _need(key, "key")
    _need(certificate, "cert")
    return TokenCredential.open(_config(options), key, certificate, _pin(options))


def token_recovery_key(options: RecoveryKeyOptions) -> RecoveryKeyHolder:
    """Return what uses a recovery key in a token.

    Raises:
        UsageError: The key is not named.
        InputError: It cannot be used.
    """
    from ringtaw_client.pkcs11 import ObjectName, TokenRecoveryKey

    key = ObjectName(options.pkcs11_key_id, options.pkcs11_key_label)
    _need(key, "key")
    return TokenRecoveryKey.open(_config(options), key, _pin(options))


def _need(name: object, what: str) -> None:
    if not str(name):
        raise click.UsageError(
            f"--pkcs11-config needs --pkcs11-{what}-id or --pkcs11-{what}-label, or both"
        )


def _config(options: UserOptions | RecoveryKeyOptions) -> TokenConfig:
    """Read the file of the token, which names a library to load."""
    from ringtaw_client.pkcs11 import TokenConfig

    source = options.pkcs11_config or Path()
    try:
        config = TokenConfig.from_json(read_trusted(source, _MAX_CONFIG, named=True), source)
    except OSError as error:
        raise InputError(f"cannot read {source}: {error.strerror}") from None
    if config.exposes_pin:
        path = printable(str(config.source))
        warning(f"others can read the PIN in {path}: chmod 600 it, or leave Pin out to be asked")
    return config


def _pin(options: UserOptions | RecoveryKeyOptions) -> Callable[[], str]:
    """Return what gets the PIN if the file of the token does not have it."""
    if options.key_password_file is not None or options.key_password_env:
        source = PasswordSource(options.key_password_file, options.key_password_env)
        return source.of(options.pkcs11_config or Path())
    return _ask


def _ask() -> str:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(
            "there is no terminal to ask for the token's PIN",
            hint="give --key-password-file or --key-password-env, or Pin in the file of the token",
        )
    answer: str = click.prompt("PIN of the token", hide_input=True, err=True)
    return answer
