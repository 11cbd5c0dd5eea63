"""``ringtaw recover-with-signature``: who gives a secret neither sees it nor has its key.

The owner signs the secret, and encrypts it to the Coordinator's own key of this recovery.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from ringtaw_client import InputError, encrypt_recovery_secret

from ringtaw_cli.command import Command, DefaultGroup, format_option
from ringtaw_cli.operator.recover import MAX_SECRET, plain_secret, report
from ringtaw_cli.session.files import read_input, write_output
from ringtaw_cli.session.opening import provisional_session
from ringtaw_cli.session.options import (
    Access,
    coordinator_argument,
    coordinator_options,
    output_option,
    without_coordinator,
)
from ringtaw_cli.session.user import RecoveryKeyOptions, recovery_key_options
from ringtaw_cli.table import Entry

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

_FILE: Final = click.Path(path_type=Path)
_secret_argument = click.argument("file", metavar="FILE", type=_FILE)


@click.command(
    "recover-with-signature",
    cls=Command,
    examples=("alice.encrypted coordinator.example:4433 -s alice.sig -e coordinator-era.json",),
)
@_secret_argument
@coordinator_argument
@click.option(
    "-s",
    "--signature",
    type=_FILE,
    metavar="FILE",
    required=True,
    help="The owner's signature over the secret in plain.",
)
@format_option()
@coordinator_options
def send(file: Path, address: str, signature: Path, output_format: str, access: Access) -> None:
    """Give a recovery secret that its owner has signed.

    FILE is the secret, encrypted to the Coordinator ("encrypt-secret") or in plain; - is stdin.
    """
    secret, signed = read_input(file, MAX_SECRET), read_input(signature, MAX_SECRET)
    with provisional_session(access, address) as coordinator:
        report(coordinator.recover(secret, signed), output_format)


@click.command(
    "public-key",
    cls=Command,
    examples=("coordinator.example:4433 -e coordinator-era.json -o coordinator-key.pem",),
)
@coordinator_argument
@output_option
@coordinator_options
def public_key(address: str, output: Path | None, access: Access) -> None:
    """Get the key to encrypt recovery secrets with.

    It is a verified Coordinator's own, PEM, and another one in each recovery.
    """
    with provisional_session(access, address) as coordinator:
        key = coordinator.recovery_public_key()
    write_output(output, _pem(key), public=True)


@click.command(
    "encrypt-secret",
    cls=Command,
    examples=("alice.recovery -k alice.key --coordinator-pub-key key.pem -o alice.encrypted",),
)
@_secret_argument
@click.option(
    "--coordinator-pub-key",
    type=_FILE,
    metavar="FILE",
    required=True,
    help='What "public-key" has written.',
)
@click.option(
    "-o", "--output", type=_FILE, metavar="FILE", required=True, help="Write to this file."
)
@recovery_key_options
@without_coordinator
def encrypt_secret(
    file: Path, coordinator_pub_key: Path, output: Path, owner: RecoveryKeyOptions
) -> None:
    """Encrypt a recovery secret to the Coordinator.

    FILE is the secret as it came when the manifest was set, which the key decrypts, or in plain; -
    is stdin.
    """
    secret = plain_secret(read_input(file, MAX_SECRET), owner.holder(), str(file))
    write_output(output, encrypt_recovery_secret(secret, _der(coordinator_pub_key)))


@click.command("sign-secret", cls=Command, examples=("alice.recovery -k alice.key -o alice.sig",))
@_secret_argument
@click.option(
    "-o", "--output", type=_FILE, metavar="FILE", required=True, help="Write to this file."
)
@recovery_key_options
@without_coordinator
def sign_secret(file: Path, output: Path, owner: RecoveryKeyOptions) -> None:
    """Sign a recovery secret.

    FILE is the secret as it came when the manifest was set, which the key decrypts, or in plain; -
    is stdin.
    """
    key = owner.needed()
    secret = plain_secret(read_input(file, MAX_SECRET), key, str(file))
    write_output(output, key.sign(secret))


recover_with_signature = DefaultGroup(
    "recover-with-signature",
    default=send,
    entries={
        "public-key": Entry(
            f"{__name__}:public_key", "Get the key to encrypt recovery secrets with."
        ),
        "encrypt-secret": Entry(
            f"{__name__}:encrypt_secret", "Encrypt a recovery secret to the Coordinator."
        ),
        "sign-secret": Entry(f"{__name__}:sign_secret", "Sign a recovery secret."),
    },
    examples=send.examples,
    help=send.help,
)
"""The command ``ringtaw recover-with-signature``, a group as well."""


def _pem(der: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = _loaded(der, "the Coordinator's recovery key")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _der(path: Path) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = _loaded(read_input(path, MAX_SECRET), str(path))
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _loaded(content: bytes, name: str) -> PublicKeyTypes:
    """Read a public key, PEM or DER.

    Raises:
        InputError: It is none.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        load_der_public_key,
        load_pem_public_key,
    )

    load = load_pem_public_key if content.startswith(b"-----") else load_der_public_key
    try:
        return load(content)
    except (ValueError, UnsupportedAlgorithm):
        raise InputError(
            f"{name} is no public key", hint='expected is what "public-key" has written'
        ) from None
