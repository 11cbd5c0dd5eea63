"""``ringtaw secret get``, in MarbleRun's two forms: a list for people, Go's JSON in a file."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click
from ringtaw_client import Secret

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.output import data, json_data, printable
from ringtaw_cli.session.files import write_output
from ringtaw_cli.session.opening import session
from ringtaw_cli.session.options import (
    Access,
    OptionalPath,
    coordinator_argument,
    coordinator_options,
)
from ringtaw_cli.session.user import UserOptions, user_options

_CERTIFICATES: Final = {"cert-rsa": True, "cert-ecdsa": True, "cert-ed25519": False}
"""Types of certificates; whether a size belongs to them."""


@click.command(
    cls=Command,
    examples=(
        "apiKey coordinator.example:4433 -c alice.pem -k alice.key",
        "apiKey tlsCert coordinator.example:4433 -c alice.pem -k alice.key -o secrets.json",
    ),
)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@coordinator_argument
@click.option(
    "-o",
    "--output",
    type=OptionalPath(),
    metavar="FILE",
    help="Write JSON to this file, readable for you alone; - is stdout. [default: a list to "
    "stdout]",
)
@format_option()
@user_options
@coordinator_options
def get(
    names: tuple[str, ...],
    address: str,
    output: Path | None,
    output_format: str,
    user: UserOptions,
    access: Access,
) -> None:
    """Get secrets that a user may read.

    Values are base64. The role of the user must permit it for all of them.
    """
    with session(access, address, user.credential()) as coordinator:
        secrets = coordinator.read_secrets(names)
    members = {name: _members(secret) for name, secret in sorted(secrets.items())}
    if output is not None:
        write_output(output, json.dumps(members, separators=(",", ":")).encode())
    elif output_format == "json":
        json_data(secrets=members)
    else:
        _list(secrets)


def _members(secret: Secret) -> dict[str, Any]:
    """Return a secret with the members, and their order, that Go gives it."""
    return {
        "Type": secret.type,
        "Size": secret.size,
        "Shared": secret.shared,
        "UserDefined": secret.user_defined,
        "Cert": _base64(secret.certificate),
        "ValidFor": secret.valid_for,
        "Private": _base64(secret.private),
        "Public": _base64(secret.public),
    }


def _base64(value: bytes) -> str | None:
    return b64encode(value).decode() if value else None


def _list(secrets: Mapping[str, Secret]) -> None:
    for name, secret in sorted(secrets.items()):
        data(f"{printable(name)}:")
        for label, value in _rows(secret):
            data(f"\t{label + ':':<14} {printable(value)}")
        data("")


def _rows(secret: Secret) -> Iterator[tuple[str, str]]:
    """Yield what belongs to a secret of its type."""
    yield "Type", secret.type
    if secret.type == "plain":
        yield "Data", b64encode(secret.public).decode()
        return
    yield "UserDefined", "true" if secret.user_defined else "false"
    if _CERTIFICATES.get(secret.type, True):
        yield "Size", str(secret.size)
    if secret.type in _CERTIFICATES:
        yield "Valid For", str(secret.valid_for)
        yield "Certificate", b64encode(secret.certificate).decode()
        yield "Public Key", b64encode(secret.public).decode()
        yield "Private Key", b64encode(secret.private).decode()
    else:
        yield "Key", b64encode(secret.public).decode()
