"""``ringtaw verify``: the command."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import ringtaw_client as client

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.exits import ExitCode
from ringtaw_cli.output import error_block, say
from ringtaw_cli.verify.basis import Basis, basis_options

if TYPE_CHECKING:
    from ringtaw_cli.verify.ledger import Ledger

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _time(ctx: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    if value == "now":
        return datetime.now(UTC)
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not ISO 8601, nor now") from None
    if time.tzinfo is None:
        raise click.BadParameter(f"{value!r} has no time zone: append Z for UTC")
    return time


def _fingerprint(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch("[0-9a-fA-F]{64}", value):
        raise click.BadParameter("a fingerprint is SHA-256: 64 hexadecimal digits")
    return value


@click.command(
    cls=Command,
    examples=(
        "coordinator.example:4433",
        "coordinator.example:4433 frontend=marble.example:8443 --manifest manifest.json",
        "coordinator.example:4433 --pccs https://pccs.example:8081 --save-evidence evidence",
        "--evidence evidence --at now --manifest manifest.json",
    ),
)
@click.argument("address", metavar="[HOST:PORT]", required=False)
@click.argument("marbles", metavar="[[TYPE=]MARBLE_HOST:PORT]...", nargs=-1)
@click.option("--manifest", metavar="FILE", type=_FILE, help="The manifest that must be in force.")
@click.option("--fingerprint", metavar="HEX", callback=_fingerprint, help="Its SHA-256 instead.")
@click.option(
    "--coordinator-cert",
    metavar="FILE",
    type=_FILE,
    help="The Coordinator's certificate as it was kept before, PEM: it must still be that one. "
    "[default: what other commands remember of HOST:PORT, if they do]",
)
@click.option(
    "--server-name",
    metavar="NAME",
    default="",
    help="A name of the Coordinator's certificate, where HOST is none of them.",
)
@click.option(
    "--save-evidence",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Save what the verdict rests on in a new directory.",
)
@click.option(
    "--evidence",
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Judge evidence that was saved, without network.",
)
@click.option(
    "--at",
    metavar="TIME",
    callback=_time,
    help="Judge saved evidence at this time: ISO 8601, or now. [default: when it was saved]",
)
@basis_options
@format_option()
def verify(
    address: str | None,
    marbles: Sequence[str],
    manifest: Path | None,
    fingerprint: str | None,
    coordinator_cert: Path | None,
    server_name: str,
    save_evidence: Path | None,
    evidence: Path | None,
    at: datetime | None,
    basis: Basis,
    output_format: str,
) -> int:
    """Verify a Coordinator, its manifest, and Marbles.

    One line a check: evidence, collateral, certificate, manifest, and for each Marble that is named
    its certificate. With --evidence nobody is asked: addresses may be left out, and those that are
    given must be in the evidence. The exit code is 0 if all passed, 10 if somebody did not prove
    what it is, 11 if it is not what is wanted, 12 if somebody did not answer.
    """
    from ringtaw_cli.operator.manifest_file import read_manifest
    from ringtaw_cli.session.opening import show_warnings
    from ringtaw_cli.verify.ledger import Ledger
    from ringtaw_cli.verify.live import MarbleAddress, Wanted, verify_live
    from ringtaw_cli.verify.saved import verify_saved
    from ringtaw_cli.verify.telling import tell_json, tell_text

    _refuse_what_would_be_ignored(address, evidence, at, save_evidence)
    if manifest is not None and fingerprint is not None:
        raise click.UsageError("--manifest and --fingerprint say the same: give one")
    ledger = Ledger()
    wanted = Wanted(
        address=address or "",
        marbles=[MarbleAddress.parse(marble) for marble in marbles],
        manifest=read_manifest(manifest) if manifest else fingerprint,
        pin=_pin(address, coordinator_cert),
        server_name=server_name,
        save_to=save_evidence,
        limits=basis.limits(),
    )
    show_warnings()
    if evidence is not None:
        found = verify_saved(evidence, wanted, basis, ledger, at)
        if at is None:
            say("judged at the recorded time, which nobody has signed: --at now judges today")
    else:
        found = verify_live(wanted, basis, ledger)
    tell_json(ledger, found) if output_format == "json" else tell_text(ledger, found)
    return _end(ledger)


def _refuse_what_would_be_ignored(
    address: str | None,
    evidence: Path | None,
    at: datetime | None,
    save_evidence: Path | None,
) -> None:
    if address is None and evidence is None:
        raise click.UsageError("give HOST:PORT of a Coordinator, or --evidence DIR")
    if address is not None and "=" in address:
        raise click.UsageError(f"the first address is the Coordinator's: {address} is a Marble's")
    if evidence is None and at is not None:
        raise click.UsageError("--at is for --evidence: those who answer are judged now")
    if evidence is not None and save_evidence is not None:
        raise click.UsageError("with --evidence there is nothing to save: copy the directory")
    if save_evidence is not None and save_evidence.exists():
        raise click.UsageError(f"{save_evidence} exists: name a new directory for the evidence")


def _pin(address: str | None, own: Path | None) -> client.CoordinatorIdentity | None:
    """Return the certificate that was remembered for an address, or that the user names."""
    from ringtaw_cli.session.pins import Pin, pin_of

    if address is not None:
        pinned = pin_of(client.Address.parse(address), own).read()
    else:
        pinned = Pin(own, own=True).read() if own else None
    return pinned


def _end(ledger: Ledger) -> int:
    """Tell the errors, the gravest last; return its exit code."""
    worst = ledger.worst()
    for error in ledger.errors:
        if error is not worst:
            error_block(str(error).removesuffix(f" ({error.hint})"), error.hint)
    if worst is not None:
        raise worst
    return ExitCode.OK
