"""``ringtaw ADAPTER prepare``: adds the premain to a user's configuration."""

from __future__ import annotations

from collections.abc import Sequence

import click
from ringtaw_buildkit.adapters import BuildSide
from ringtaw_premain.build_hookspecs import PrepareRequest

from ringtaw_cli.command import Command
from ringtaw_cli.libos.difference import show, write
from ringtaw_cli.libos.group import pass_side
from ringtaw_cli.output import printable, say


@click.command(
    cls=Command,
    examples=("CONFIG", "--write --runtime premain CONFIG", "--with copy_bom.yaml CONFIG"),
)
@click.argument("config", metavar="CONFIG")
@click.option("--write", "is_written", is_flag=True, help="Write the changes; else only show them.")
@click.option(
    "--runtime",
    metavar="DIR",
    default="premain",
    show_default=True,
    help="Folder of the premain and its Python, relative to CONFIG's own.",
)
@click.option(
    "--with",
    "companions",
    metavar="FILE",
    multiple=True,
    help="A further file that belongs to CONFIG. May be repeated.",
)
@pass_side
def prepare(
    side: BuildSide, config: str, is_written: bool, runtime: str, companions: Sequence[str]
) -> None:
    """Add the premain to an existing configuration.

    The difference goes to stdout, as patch takes it; notes go to stderr. With --write the files are
    changed, and what was there is kept as NAME.orig. Prepared again, nothing changes.
    """
    request = PrepareRequest(config, tuple(companions), runtime)
    preparation = side.prepare_config(request)
    if not preparation.changes:
        say(f"{printable(config)}: nothing to change")
    show(preparation.changes)
    for note in preparation.notes:
        say(f"note: {printable(note)}")
    write(preparation.changes, is_written)
