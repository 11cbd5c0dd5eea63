"""``ringtaw help``: what ``--help`` shows, for those who look for it here."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ringtaw_cli.command import Command, LazyGroup, did_you_mean
from ringtaw_cli.output import data


@click.command("help", cls=Command, examples=("", "status", "manifest update"))
@click.argument("names", metavar="[COMMAND]...", nargs=-1)
@click.pass_context
def help_command(ctx: click.Context, names: Sequence[str]) -> None:
    """Show the help of a command."""
    found = ctx.find_root()
    for name in names:
        found = _inside(found, name)
    data(found.command.get_help(found))


def _inside(ctx: click.Context, name: str) -> click.Context:
    """Return the context of a command of a group.

    Raises:
        UsageError: There is none of that name.
    """
    group = ctx.command if isinstance(ctx.command, LazyGroup) else None
    command = group.get_command(ctx, name) if group else None
    if command is None:
        known = group.list_commands(ctx) if group else []
        raise click.UsageError(f"there is no command {name!r}{did_you_mean(name, known)}", ctx)
    return click.Context(command, info_name=name, parent=ctx, **command.context_settings)
