"""``ringtaw manifest set``."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click
from ringtaw_client import RefusedError

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.operator.manifest_file import read_manifest
from ringtaw_cli.operator.recovery_data import (
    recovery_data,
    recovery_data_option,
    until_answered,
)
from ringtaw_cli.output import printable, say, warning
from ringtaw_cli.session.opening import progress, session
from ringtaw_cli.session.options import Access, coordinator_argument, coordinator_options
from ringtaw_cli.session.refusals import WRONG_STATE

if TYPE_CHECKING:
    from ringtaw_client import ManifestAccepted, PinnedCoordinator


@click.command(
    "set",
    cls=Command,
    examples=(
        "manifest.json coordinator.example:4433 -e coordinator-era.json -r recovery.json",
        "manifest.json localhost:4433 --insecure",
    ),
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@coordinator_argument
@recovery_data_option
@format_option()
@coordinator_options
def set_manifest(
    file: Path, address: str, recovery_file: Path | None, output_format: str, access: Access
) -> None:
    """Set the manifest.

    FILE is JSON, sent as it is, or YAML, sent as JSON; - is stdin. If the manifest has recovery
    keys, the secrets that are encrypted to them come back, this once, as JSON.
    """
    manifest = read_manifest(file)
    fingerprint = sha256(manifest).hexdigest()
    with recovery_data(recovery_file) as recovery, session(access, address, keep=True) as peer:
        progress("sending the manifest")
        with until_answered():
            accepted = _set(peer, manifest)
        answer = {"fingerprint": fingerprint, "warnings": list(accepted.warnings)}
        try:
            recovery.keep(accepted.recovery_secrets, answer if output_format == "json" else None)
        finally:
            _tell(accepted, fingerprint)


def _set(coordinator: PinnedCoordinator, manifest: bytes) -> ManifestAccepted:
    try:
        return coordinator.set_manifest(manifest)
    except RefusedError as error:
        if WRONG_STATE in error.message:
            error.hint = (
                "it has a manifest (ringtaw status): ringtaw manifest update apply changes it"
            )
        raise


def _tell(accepted: ManifestAccepted, fingerprint: str) -> None:
    for text in accepted.warnings:
        warning(printable(text))
    say(f"the manifest is set; its SHA-256, which verifiers need: {fingerprint}")
