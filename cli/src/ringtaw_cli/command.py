"""What all commands have in common: lazily loaded groups, examples in the help, ``--format``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from math import isnan
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ringtaw_cli.table import Entry

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class SharedOption(click.Option):
    """An option of many commands; it stands under a heading of its own in their help."""

    def __init__(self, *arguments: Any, section: str, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.section = section


class Seconds(click.FloatRange):
    """A number of seconds, which is named so in the error about what is none."""

    name = "number of seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Refuse NaN as well, which is in no range and outside of none."""
        seconds = float(super().convert(value, param, ctx))
        if isnan(seconds):
            self.fail(f"{value!r} is not a valid {self.name}.", param, ctx)
        return seconds


class Command(click.Command):
    """A command with examples; each is a line that could follow its name in a shell."""

    def __init__(self, *arguments: Any, examples: Sequence[str], **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.examples = tuple(examples)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, in the forms of Go's programs too unless they are for others."""
        if ctx.allow_interspersed_args and any("=" in argument for argument in args):
            from ringtaw_cli.go_forms import as_click_has_them

            args = list(as_click_has_them(self.get_params(ctx), args))
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # which click leaves out of some
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, then those that it shares, by section."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx)
            if record is not None and isinstance(option, click.Option):
                sections.setdefault(getattr(option, "section", "Options"), []).append(record)
        for title in sorted(sections, key=lambda title: title != "Options"):
            with formatter.section(title):
                formatter.write_dl(sections[title])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples under the name by which the command was called."""
        write_examples(ctx, formatter, self.examples)


class LazyGroup(click.Group):
    """A group whose commands are loaded when they are called, not to list them."""

    def __init__(
        self,
        *arguments: Any,
        entries: Mapping[str, Entry],
        examples: Sequence[str],
        **settings: Any,
    ) -> None:
        super().__init__(*arguments, **settings)
        self.entries = dict(entries)
        self.examples = tuple(examples)

    def summaries(self, ctx: click.Context) -> dict[str, str]:
        """Return the commands and what each is for, without loading any."""
        return {name: entry.summary for name, entry in self.entries.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names."""
        return list(self.summaries(ctx))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        entry = self.entries.get(cmd_name)
        return None if entry is None else load_command(entry)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may have been meant."""
        name = args[0]
        is_guess = ctx.resilient_parsing  # of a shell that completes a line
        if not is_guess and not name.startswith("-") and self.get_command(ctx, name) is None:
            raise click.UsageError(self.unknown_command(name, self.list_commands(ctx)), ctx)
        return super().resolve_command(ctx, args)

    def unknown_command(self, name: str, known: Sequence[str]) -> str:
        """Return what to say of a command that is not there."""
        return f"there is no command {name!r}{did_you_mean(name, known)}"

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return what can follow in a shell, without loading any command."""
        from click.shell_completion import CompletionItem

        commands = [
            CompletionItem(name, help=summary)
            for name, summary in self.summaries(ctx).items()
            if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their summaries."""
        if summaries := self.summaries(ctx):
            with formatter.section("Commands"):
                formatter.write_dl(list(summaries.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        write_examples(ctx, formatter, self.examples)


class DefaultGroup(LazyGroup):
    """A group that is a command as well: what does not begin with one of its commands is for it."""

    def __init__(self, *arguments: Any, default: Command, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.default = default

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Decide between the group and the command."""
        if args and args[0] not in {*self.entries, "-h", "--help"}:
            return self.default.make_context(info_name, args, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write both usages."""
        self.default.format_usage(ctx, formatter)
        super().format_usage(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's options, then the group's commands."""
        self.default.format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


def load_command(entry: Entry) -> click.Command:
    """Import the command that an entry of the table names."""
    module, _, attribute = entry.reference.partition(":")
    command = getattr(import_module(module), attribute)
    assert isinstance(command, click.Command)  # noqa: S101 - the table is ours
    return command


def write_examples(
    ctx: click.Context, formatter: click.HelpFormatter, examples: Sequence[str]
) -> None:
    """Write a section of examples, if there are any."""
    if not examples:
        return
    with formatter.section("Examples"):
        for example in examples:
            formatter.write(f"  $ {ctx.command_path} {example}".rstrip() + "\n")


def did_you_mean(wrong: str, right: Iterable[str]) -> str:
    """Return a question with the nearest of the right words, or nothing if none is near."""
    from difflib import get_close_matches

    nearest = get_close_matches(wrong, right, n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def format_option(*further: str) -> Callable[[Decorated], Decorated]:
    """Return the option ``--format`` with text, JSON and further formats."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json", *further]),
        default="text",
        show_default=True,
        help="How to write to stdout.",
    )
