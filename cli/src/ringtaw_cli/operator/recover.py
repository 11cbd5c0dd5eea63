"""``ringtaw recover``: the owner of a recovery key gives their secret."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from ringtaw_client import InputError, RecoveryProgress

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.output import json_data, say
from ringtaw_cli.session.files import read_input
from ringtaw_cli.session.opening import provisional_session
from ringtaw_cli.session.options import Access, coordinator_argument, coordinator_options
from ringtaw_cli.session.user import RecoveryKeyOptions, recovery_key_options

if TYPE_CHECKING:
    from ringtaw_cli.session.user import RecoveryKeyHolder

MAX_SECRET: Final = 20_480
"""Bytes: what Coordinators take."""
_SMALLEST_RSA: Final = 256
"""Bytes of what is encrypted to a key of 2,048 bits. Secrets in plain are a tenth of it."""


@click.command(
    cls=Command,
    examples=("alice.recovery coordinator.example:4433 -k alice.key -e coordinator-era.json",),
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@coordinator_argument
@format_option()
@recovery_key_options
@coordinator_options
def recover(
    file: Path, address: str, output_format: str, owner: RecoveryKeyOptions, access: Access
) -> None:
    """Give a recovery secret to a Coordinator that waits for it.

    FILE is the secret as it came when the manifest was set (without base64), or in plain; - is
    stdin. The key decrypts it if need be and signs it. The Coordinator is verified first: its
    certificate is for the time of recovery only, and is not remembered.
    """
    key = owner.needed()
    secret = plain_secret(read_input(file, MAX_SECRET), key, str(file))
    with provisional_session(access, address) as coordinator:
        report(coordinator.recover(secret, key.sign(secret)), output_format)


def plain_secret(content: bytes, key: RecoveryKeyHolder | None, name: str) -> bytes:
    """Return a recovery secret in plain; ``name`` is for errors.

    Raises:
        InputError: It is encrypted and there is no key, or another key's.
    """
    if not content:
        raise InputError(f"{name} is empty")
    if len(content) < _SMALLEST_RSA:
        return content
    if key is None:
        raise InputError(f"{name} is encrypted", hint="give the owner's key with --key")
    try:
        return key.decrypt(content)
    except InputError as error:
        error.hint = error.hint or (
            f"is {name} of the owner of this key? it is what base64 -d makes of the recovery data"
        )
        raise


def report(progress: RecoveryProgress, output_format: str) -> None:
    """Tell how far the recovery is."""
    if output_format == "json":
        json_data(remaining=progress.remaining)
    if progress.remaining:
        say(f"the secret is accepted; owners who have not given theirs: {progress.remaining}")
        say("if the manifest has a RecoveryThreshold, fewer of them are needed")
        say("a restart of the Coordinator forgets it: then all owners give theirs again")
    else:
        say("the Coordinator has recovered, and has its former certificate again")
