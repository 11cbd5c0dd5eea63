"""``ringtaw man``: a manual page for each command, made of what the commands say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from ringtaw_buildkit.counting import counted
from ringtaw_client import InputError
from ringtaw_premain.errors import AdapterError

from ringtaw_cli.command import Command, LazyGroup
from ringtaw_cli.manual_page import manual_page
from ringtaw_cli.output import printable, say
from ringtaw_cli.session.files import OutputFile


@click.command(
    cls=Command, examples=("--output ~/.local/share/man/man1", "-o /usr/local/share/man/man1")
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    required=True,
    help="Folder for the pages. Made if it is not there.",
)
@click.pass_context
def man(ctx: click.Context, output: Path) -> int:
    """Write the manual pages.

    One for each command, and for those of the installed adapters: "man ringtaw-status" shows one
    where man looks into DIR. Pages that are there are replaced.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot write {error.filename}: {error.strerror}", hint="name another folder"
        ) from None
    pages = [_write(page, output) for page in every_command(ctx.find_root())]
    say(f"{counted(len(pages), 'page is', 'pages are')} in {printable(str(output))}")
    return 0


def every_command(ctx: click.Context) -> Iterator[click.Context]:
    """Yield a context for the command, then for each command in it, and so on."""
    yield ctx
    if not isinstance(ctx.command, LazyGroup):
        return
    for name in ctx.command.list_commands(ctx):
        command = ctx.command.get_command(ctx, name)
        if command is not None and _is_usable(command, ctx):
            yield from every_command(
                click.Context(command, info_name=name, parent=ctx, **command.context_settings)
            )


def _is_usable(command: click.Command, parent: click.Context) -> bool:
    """Whether a command can tell what it has; an adapter that is broken cannot."""
    if isinstance(command, LazyGroup):
        try:
            command.summaries(parent)
        except AdapterError as error:
            say(printable(f"no pages for ringtaw {command.name}: {error}"))
            return False
    return True


def _write(ctx: click.Context, folder: Path) -> Path:
    path = folder / f"{ctx.command_path.replace(' ', '-')}.1"
    with OutputFile(path, public=True) as file:
        file.fill(manual_page(ctx).encode())
    return path
