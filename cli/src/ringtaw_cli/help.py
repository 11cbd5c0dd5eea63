"""``ringtaw help``: what ``--help`` shows, for those who look for it here."""

from __future__ import annotations

from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from ringtaw_cli.command import Command, LazyGroup, did_you_mean
from ringtaw_cli.output import data


def _commands(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the commands that can follow in a shell."""
    found = ctx.find_root()
    for name in ctx.params.get("names") or ():
        found = _inside(found, name)
    if not isinstance(found.command, LazyGroup):
        return []
    names = found.command.list_commands(found)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@click.command("help", cls=Command, examples=("", "status", "manifest update"))
@click.argument("names", metavar="[COMMAND]...", nargs=-1, shell_complete=_commands)
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
