"""Who asks: the certificate and key of a user, and keys of recovery, in files or tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import click

from ringtaw_cli.command import SharedOption
from ringtaw_cli.session.options import OptionalPath, gathered
from ringtaw_cli.session.passwords import PasswordSource

if TYPE_CHECKING:
    from ringtaw_client import Credential

_FILE: Final = OptionalPath()


class RecoveryKeyHolder(Protocol):
    """Something that can use the private half of a recovery key: a file, or a token."""

    def decrypt(self, encrypted: bytes) -> bytes:
        """Return the secret that was encrypted to this key."""
        ...

    def sign(self, secret: bytes) -> bytes:
        """Return the owner's signature over a secret in plain."""
        ...


@dataclass(frozen=True, slots=True)
class UserOptions:
    """Where the certificate and the key of a user are."""

    cert: Path | None
    key: Path | None
    key_password_file: Path | None
    key_password_env: str
    pkcs11_config: Path | None
    pkcs11_key_id: str
    pkcs11_key_label: str
    pkcs11_cert_id: str
    pkcs11_cert_label: str

    def credential(self) -> Credential:
        """Return what proves to a Coordinator who asks.

        Raises:
            UsageError: The options do not say which certificate and key.
            InputError: They cannot be used.
        """
        if self.pkcs11_config is not None:
            from ringtaw_cli.session.token import token_credential

            _refuse(self.cert or self.key, "--cert and --key")
            return token_credential(self)
        if self.cert is None or self.key is None:
            raise click.UsageError(
                "give --cert and --key of a user of the manifest, or --pkcs11-config"
            )
        from ringtaw_client import UserCredential

        password = PasswordSource(self.key_password_file, self.key_password_env).of(self.key)
        return UserCredential.from_files(self.cert, self.key, password)


@dataclass(frozen=True, slots=True)
class RecoveryKeyOptions:
    """Where a recovery key is."""

    key: Path | None
    key_password_file: Path | None
    key_password_env: str
    pkcs11_config: Path | None
    pkcs11_key_id: str
    pkcs11_key_label: str

    def holder(self) -> RecoveryKeyHolder | None:
        """Return what can use the key; None if no key is named.

        Raises:
            InputError: It cannot be used.
        """
        if self.pkcs11_config is not None:
            from ringtaw_cli.session.token import token_recovery_key

            _refuse(self.key, "--key")
            return token_recovery_key(self)
        if self.key is None:
            return None
        from ringtaw_client import RecoveryKey

        password = PasswordSource(self.key_password_file, self.key_password_env).of(self.key)
        return RecoveryKey.from_file(self.key, password)

    def needed(self) -> RecoveryKeyHolder:
        """Return what can use the key.

        Raises:
            UsageError: No key is named.
            InputError: It cannot be used.
        """
        holder = self.holder()
        if holder is None:
            raise click.UsageError("give the recovery key with --key, or --pkcs11-config")
        return holder


USER_SECTION: Final = "Options on the user"
OWNER_SECTION: Final = "Options on the recovery key"


def _key_options(section: str, key_help: str) -> tuple[Callable[[Any], Any], ...]:
    """Return the options on where a key is, and how it is opened."""
    option = partial(click.option, cls=SharedOption, section=section)
    return (
        option("-k", "--key", type=_FILE, metavar="FILE", help=key_help),
        option(
            "--key-password-file",
            type=_FILE,
            metavar="FILE",
            help="The key's password is the first line of this file, or of stdin if it is -. "
            "[default: ask if it is needed]",
        ),
        option(
            "--key-password-env",
            metavar="NAME",
            default="",
            help="The key's password is in this variable of the environment.",
        ),
        option(
            "--pkcs11-config", type=_FILE, metavar="FILE", help="PKCS #11 token with the key, JSON."
        ),
        option("--pkcs11-key-id", default="", metavar="ID", help="Of the key in the token."),
        option("--pkcs11-key-label", default="", metavar="TEXT", help="Of the key in the token."),
    )


_user_option = partial(click.option, cls=SharedOption, section=USER_SECTION)

user_options = gathered(
    UserOptions,
    "user",
    _user_option("-c", "--cert", type=_FILE, metavar="FILE", help="The user's certificate, PEM."),
    *_key_options(USER_SECTION, "The user's key, PEM."),
    _user_option(
        "--pkcs11-cert-id", default="", metavar="ID", help="Of the certificate in the token."
    ),
    _user_option(
        "--pkcs11-cert-label", default="", metavar="TEXT", help="Of the certificate in the token."
    ),
)
"""Gives a command the options of :class:`UserOptions`, as its argument ``user``."""

recovery_key_options = gathered(
    RecoveryKeyOptions, "owner", *_key_options(OWNER_SECTION, "The owner's recovery key, PEM.")
)
"""Gives a command the options of :class:`RecoveryKeyOptions`, as its argument ``owner``."""


def _refuse(given: object, names: str) -> None:
    if given:
        raise click.UsageError(f"--pkcs11-config takes the place of {names}: give one of them")
