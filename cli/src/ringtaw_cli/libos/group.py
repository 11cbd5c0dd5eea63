"""The group of one adapter: a command for each hook that its build side has."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import Any, Final

import click
from ringtaw_buildkit.adapters import BuildSide, build_side
from ringtaw_buildkit.tracing import trace_hooks
from ringtaw_premain.errors import AdapterError

from ringtaw_cli.command import LazyGroup
from ringtaw_cli.output import printable, warning
from ringtaw_cli.table import ADAPTER_COMMANDS, adapter_summary

pass_side: Final = click.make_pass_decorator(BuildSide)
"""Gives a command the build side of the adapter in whose group it was called."""


class AdapterGroup(LazyGroup):
    """The commands of one adapter, which is loaded when something of it is needed."""

    def __init__(self, name: str) -> None:
        super().__init__(
            name,
            entries=ADAPTER_COMMANDS,
            examples=("check --help",),
            help=adapter_summary(name),
        )

    @cached_property
    def side(self) -> BuildSide:
        """The adapter's build side.

        Raises:
            AdapterError: It has none, or is unusable.
        """
        return build_side(str(self.name))

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help; for an adapter that can do nothing here, why that is so."""
        try:
            self.side  # noqa: B018 - it is loaded
        except AdapterError as error:
            self.help, self.examples = f"Nothing can be done here: {printable(str(error))}.", ()
            self.entries = {}
        super().format_help(ctx, formatter)

    def summaries(self, ctx: click.Context) -> dict[str, str]:
        """Return the commands that this adapter can do, and what each is for."""
        if not self.entries:
            return {}
        hooks = self.side.hooks
        return {name: entry.summary for name, entry in self.entries.items() if entry.hook in hooks}

    def invoke(self, ctx: click.Context) -> Any:
        """Load the adapter, then the command."""
        ctx.obj = self.side
        if ctx.find_root().params.get("trace_hooks"):
            trace_hooks(self.side, sys.stderr)
        if self.side.adapter.warning:
            warning(printable(self.side.adapter.warning))
        return super().invoke(ctx)
