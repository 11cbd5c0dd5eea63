"""``ringtaw manifest log``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.output import json_data
from ringtaw_cli.session.files import is_stdout, write_output
from ringtaw_cli.session.opening import session
from ringtaw_cli.session.options import (
    Access,
    coordinator_argument,
    coordinator_options,
    output_option,
)


@click.command(
    cls=Command, examples=("coordinator.example:4433", "coordinator.example:4433 -o log.jsonl")
)
@coordinator_argument
@output_option
@format_option()
@coordinator_options
def log(address: str, output: Path | None, output_format: str, access: Access) -> None:
    """Get the log of updates.

    One line of JSON for each change of the manifest or of a secret: when, what, and by which user.
    """
    with session(access, address) as coordinator:
        entries = coordinator.update_log()
    if output_format == "json":
        json_data(entries=[json.loads(entry.raw) for entry in entries])
        return
    text = "\n".join(entry.raw for entry in entries)
    write_output(output, text.encode() + (b"\n" if is_stdout(output) else b""), public=True)
