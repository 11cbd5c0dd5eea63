"""Keys in PKCS #11 tokens on the command line: MarbleRun's options, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from ringtaw_cli.output import warning

if TYPE_CHECKING:
    from ringtaw_client.pkcs11 import TokenConfig, TokenCredential, TokenRecoveryKey

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_CONFIG: Final = click.option(
    "--pkcs11-config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSON file that says which PKCS #11 token has the key. [extra: pkcs11]",
)
_KEY: Final = (
    click.option("--pkcs11-key-id", metavar="ID", default="", help="ID of the key in the token."),
    click.option(
        "--pkcs11-key-label", metavar="LABEL", default="", help="Label of the key in the token."
    ),
)
_CERTIFICATE: Final = (
    click.option(
        "--pkcs11-cert-id", metavar="ID", default="", help="ID of the certificate in the token."
    ),
    click.option(
        "--pkcs11-cert-label",
        metavar="LABEL",
        default="",
        help="Label of the certificate in the token.",
    ),
)


@dataclass(frozen=True, slots=True)
class Pkcs11Options:
    """What the options say; a command collects them from its parameters."""

    config: Path
    key_id: str = ""
    key_label: str = ""
    cert_id: str = ""
    cert_label: str = ""

    @classmethod
    def given(cls, parameters: dict[str, Any]) -> Pkcs11Options | None:
        """Take the parameters ``pkcs11_*`` out of a command's; None without --pkcs11-config.

        Raises:
            UsageError: Others are given without it, or the key or certificate is not named.
        """
        names = [name for name in parameters if name.startswith("pkcs11_")]
        given = {name.removeprefix("pkcs11_"): parameters.pop(name) for name in names}
        if given.get("config") is None:
            if any(given.values()):
                raise click.UsageError("options --pkcs11-… need --pkcs11-config")
            return None
        for what in ("key", "cert"):
            if f"{what}_id" in given and not given[f"{what}_id"] and not given[f"{what}_label"]:
                raise click.UsageError(
                    f"--pkcs11-config needs --pkcs11-{what}-id or --pkcs11-{what}-label"
                )
        return cls(**given)

    def credential(self) -> TokenCredential:
        """Return the user's credential; asks for the PIN if the file has none.

        Raises:
            InputError: See :meth:`ringtaw_client.pkcs11.TokenCredential.open`.
        """
        from ringtaw_client.pkcs11 import ObjectName, TokenCredential

        key = ObjectName(self.key_id, self.key_label)
        certificate = ObjectName(self.cert_id, self.cert_label)
        return TokenCredential.open(self._config(), key, certificate, ask_pin)

    def recovery_key(self) -> TokenRecoveryKey:
        """Return the owner's recovery key; asks for the PIN if the file has none.

        Raises:
            InputError: See :meth:`ringtaw_client.pkcs11.TokenRecoveryKey.open`.
        """
        from ringtaw_client.pkcs11 import ObjectName, TokenRecoveryKey

        key = ObjectName(self.key_id, self.key_label)
        return TokenRecoveryKey.open(self._config(), key, ask_pin)

    def _config(self) -> TokenConfig:
        from ringtaw_client.pkcs11 import TokenConfig

        config = TokenConfig.from_file(self.config)
        if config.exposes_pin:
            warning(f"others can read the PIN in {self.config}; chmod 600 it, or leave Pin out")
        return config


def pkcs11_options(*, certificate: bool) -> Callable[[Decorated], Decorated]:
    """Add the options of a key, and with ``certificate`` those of a user's certificate."""

    def decorate(function: Decorated) -> Decorated:
        for option in reversed((_CONFIG, *_KEY, *(_CERTIFICATE if certificate else ()))):
            function = option(function)
        return function

    return decorate


def ask_pin() -> str:
    """Ask on the terminal, which shows nothing of the answer."""
    return str(click.prompt("PIN of the token", hide_input=True, err=True))
