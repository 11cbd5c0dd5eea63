"""``ringtaw manifest verify`` and ``ringtaw manifest signature``: which manifest is it?"""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import Final

import click
from ringtaw_client import InputError

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.operator.manifest_file import read_manifest
from ringtaw_cli.output import data, json_data
from ringtaw_cli.session.opening import session
from ringtaw_cli.session.options import (
    Access,
    coordinator_argument,
    coordinator_options,
    without_coordinator,
)

_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")


@click.command(
    cls=Command,
    examples=(
        "manifest.json coordinator.example:4433 -e coordinator-era.json",
        "$(ringtaw manifest signature manifest.json) coordinator.example:4433",
    ),
)
@click.argument("manifest", metavar="FILE|SHA256")
@coordinator_argument
@format_option()
@coordinator_options
def verify(manifest: str, address: str, output_format: str, access: Access) -> None:
    """Make sure which manifest a Coordinator has.

    It must be the one in a file, or the one with that SHA-256 in hex; another one ends with the
    exit code 11. The Coordinator's certificate is remembered.
    """
    expected = _fingerprint(manifest)
    with session(access, address, keep=True) as coordinator:
        coordinator.verify_manifest(expected)
    if output_format == "json":
        json_data(fingerprint=expected, coordinator=coordinator.identity.fingerprint)
    else:
        data("OK")


@click.command(cls=Command, examples=("manifest.json", "--format json manifest.yaml"))
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@format_option()
@without_coordinator
def signature(file: Path, output_format: str) -> None:
    """Print the SHA-256 of a manifest.

    By it a Coordinator, and "manifest verify", know a manifest. A manifest in YAML is turned into
    the JSON that "manifest set" would send.
    """
    fingerprint = sha256(read_manifest(file)).hexdigest()
    if output_format == "json":
        json_data(fingerprint=fingerprint)
    else:
        data(fingerprint)


def _fingerprint(text: str) -> str:
    """Return the SHA-256 of a file, or the text itself if it is one."""
    path = Path(text)
    if not path.exists() and _SHA256.fullmatch(text):
        return text.lower()
    if not path.exists() and text != "-":
        raise InputError(
            f"{text!r} is neither a file nor a SHA-256 of 64 hex digits",
            hint="ringtaw manifest signature FILE prints the SHA-256 of a manifest",
        )
    return sha256(read_manifest(path)).hexdigest()
