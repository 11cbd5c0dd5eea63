"""``ringtaw version``."""

from __future__ import annotations

import platform

import click

from ringtaw_cli import __version__
from ringtaw_cli.command import Command, format_option
from ringtaw_cli.output import data, json_data
from ringtaw_cli.session.options import without_coordinator


@click.command(cls=Command, examples=("", "--format json"))
@format_option()
@without_coordinator
def version(output_format: str) -> None:
    """Show the version of this command."""
    if output_format == "json":
        json_data(ringtaw=__version__, python=platform.python_version())
    else:
        data(f"ringtaw {__version__}")
