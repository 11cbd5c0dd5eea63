"""Shows changes of a user's files, and writes them when told."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from ringtaw_buildkit.changes import apply, diff
from ringtaw_premain.build_hookspecs import FileChange

from ringtaw_cli.output import data, printable, say

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def show(changes: Sequence[FileChange]) -> None:
    """Write the changes to stdout as a unified diff."""
    for change in changes:
        for line in diff(change).removesuffix("\n").split("\n"):
            data(_coloured(line))


def write(changes: Sequence[FileChange], is_written: bool) -> None:
    """Write the files if they are to be written; says so, and what was kept, on stderr.

    Raises:
        PlatformError: A file has changed since it was read, or cannot be written.
    """
    if not changes:
        return
    if not is_written:
        say("nothing was written: add --write to do it")
        return
    for written in apply(changes):
        kept = f"; what was there is {written.backup}" if written.backup else ""
        say(printable(f"wrote {written.path}{kept}"))


def _coloured(line: str) -> str:
    """Return a line as it is for patch(1), and harmless where it goes to a terminal."""
    shown = printable(line) if sys.stdout.isatty() else line
    colour = _COLOURS.get(line[:1])
    return click.style(shown, fg=colour) if colour else shown
