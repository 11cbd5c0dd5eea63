"""``ringtaw manifest update``: the group and its commands."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
from ringtaw_client import PendingUpdate, UpdateProgress

from ringtaw_cli.command import Command, LazyGroup, format_option
from ringtaw_cli.operator.manifest_file import read_manifest
from ringtaw_cli.operator.recovery_data import (
    RecoveryData,
    recovery_data,
    recovery_data_option,
    until_answered,
)
from ringtaw_cli.output import json_data, printable, say, warning
from ringtaw_cli.session.files import write_output
from ringtaw_cli.session.opening import session
from ringtaw_cli.session.options import (
    Access,
    coordinator_argument,
    coordinator_options,
    output_option,
)
from ringtaw_cli.session.user import UserOptions, user_options
from ringtaw_cli.table import Entry

_FILE: Final = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))


@click.command(
    cls=Command, examples=("update.json coordinator.example:4433 -c alice.pem -k alice.key",)
)
@_FILE
@coordinator_argument
@recovery_data_option
@format_option()
@user_options
@coordinator_options
def apply(
    file: Path,
    address: str,
    recovery_file: Path | None,
    output_format: str,
    user: UserOptions,
    access: Access,
) -> None:
    """Apply an update, or propose one that others must acknowledge.

    FILE is a whole manifest, or one with packages alone whose security versions are raised.
    """
    manifest, credential = read_manifest(file), user.credential()
    with recovery_data(recovery_file) as recovery, session(access, address, credential) as peer:
        with until_answered():
            progress = peer.apply_update(manifest)
        _finish(progress, recovery, output_format)


@click.command(
    cls=Command, examples=("update.json coordinator.example:4433 -c bob.pem -k bob.key",)
)
@_FILE
@coordinator_argument
@recovery_data_option
@format_option()
@user_options
@coordinator_options
def acknowledge(
    file: Path,
    address: str,
    recovery_file: Path | None,
    output_format: str,
    user: UserOptions,
    access: Access,
) -> None:
    """Acknowledge the pending update.

    FILE must be the very update that was proposed: "manifest update get" shows it.
    """
    manifest, credential = read_manifest(file), user.credential()
    with recovery_data(recovery_file) as recovery, session(access, address, credential) as peer:
        with until_answered():
            progress = peer.acknowledge_update(manifest)
        _finish(progress, recovery, output_format)


@click.command(cls=Command, examples=("coordinator.example:4433 -c alice.pem -k alice.key",))
@coordinator_argument
@user_options
@coordinator_options
def cancel(address: str, user: UserOptions, access: Access) -> None:
    """Cancel the pending update."""
    with session(access, address, user.credential()) as coordinator:
        coordinator.cancel_update()
    say("the pending update is cancelled")


@click.command(
    cls=Command, examples=("coordinator.example:4433", "coordinator.example:4433 --missing")
)
@coordinator_argument
@click.option("--missing", is_flag=True, help="Who may still acknowledge it, a line each.")
@output_option
@format_option()
@coordinator_options
def get(
    address: str, missing: bool, output: Path | None, output_format: str, access: Access
) -> None:
    """Get the pending update.

    It is printed byte for byte as it was proposed.
    """
    with session(access, address) as coordinator:
        pending = coordinator.pending_update()
    if output_format == "json":
        json_data(
            manifest=pending.manifest.decode(errors="replace"),
            missing_users=list(pending.missing_users),
        )
    else:
        write_output(output, _names(pending) if missing else pending.manifest, public=True)


update = LazyGroup(
    "update",
    entries={
        "apply": Entry(
            f"{__name__}:apply", "Apply an update, or propose one that others must acknowledge."
        ),
        "acknowledge": Entry(f"{__name__}:acknowledge", "Acknowledge the pending update."),
        "cancel": Entry(f"{__name__}:cancel", "Cancel the pending update."),
        "get": Entry(f"{__name__}:get", "Get the pending update."),
    },
    examples=("apply update.json coordinator.example:4433 -c alice.pem -k alice.key",),
    help="Update the manifest, if need be by several users.",
)
"""The group ``ringtaw manifest update``."""


def _finish(progress: UpdateProgress, recovery: RecoveryData, output_format: str) -> None:
    """Keep new recovery secrets, and tell where the update stands."""
    answer = {
        "in_force": progress.is_in_force,
        "missing_acknowledgments": progress.missing_acknowledgments,
        "missing_users": list(progress.missing_users),
        "warnings": list(progress.warnings),
    }
    try:
        recovery.keep(progress.recovery_secrets, answer if output_format == "json" else None)
    finally:
        _tell(progress)


def _tell(progress: UpdateProgress) -> None:
    for text in progress.warnings:
        warning(printable(text))
    if progress.is_in_force:
        say("the update is in force")
        return
    missing, names = progress.missing_acknowledgments, map(printable, progress.missing_users)
    say("the update is pending, and not in force yet")
    say(f"missing acknowledgements: {missing}, of {', '.join(names) or 'nobody'}")


def _names(pending: PendingUpdate) -> bytes:
    return "".join(f"{printable(name)}\n" for name in pending.missing_users).encode()
