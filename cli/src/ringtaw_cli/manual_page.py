"""One manual page in the language of man(7), which groff and mandoc read."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from ringtaw_cli import __version__
from ringtaw_cli.command import LazyGroup
from ringtaw_cli.exits import MEANINGS

_SPECIAL = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}


def manual_page(ctx: click.Context) -> str:
    """Return the page of a command."""
    sections = [
        ("NAME", _name(ctx)),
        ("SYNOPSIS", _synopsis(ctx)),
        ("DESCRIPTION", _description(ctx.command.help or "")),
        ("COMMANDS", _commands(ctx)),
        ("OPTIONS", _options(ctx)),
        ("ENVIRONMENT", _environment(ctx)),
        ("EXIT STATUS", _exit_status(ctx)),
        ("EXAMPLES", _examples(ctx)),
        ("SEE ALSO", _see_also(ctx)),
    ]
    title = _page_name(ctx).upper()
    lines = [f'.TH "{_escaped(title)}" "1" "{_date()}" "ringtaw {__version__}" "Ringtaw"']
    for heading, body in sections:
        content = list(body)
        if content:
            lines += [f".SH {heading}", *content]
    return "\n".join(lines) + "\n"


def _date() -> str:
    """Return today, or the day of https://reproducible-builds.org/specs/source-date-epoch."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.strftime("%Y-%m-%d")


def _page_name(ctx: click.Context) -> str:
    return ctx.command_path.replace(" ", "-")


def _name(ctx: click.Context) -> Iterator[str]:
    summary = ctx.command.get_short_help_str(limit=200).rstrip(".")
    yield _text(f"{_page_name(ctx)} - {summary}").replace(" \\- ", " \\- ", 1)


def _synopsis(ctx: click.Context) -> Iterator[str]:
    pieces = " ".join(ctx.command.collect_usage_pieces(ctx))
    yield f"\\fB{_escaped(ctx.command_path)}\\fR {_escaped(pieces)}"


def _description(text: str) -> Iterator[str]:
    """Yield paragraphs; one that click must not wrap, marked with a backspace, stays as it is."""
    for index, paragraph in enumerate(re.split(r"\n\s*\n", inspect.cleandoc(text))):
        if index:
            yield ".PP"
        first, _, rest = paragraph.partition("\n")
        if first.strip() == "\b":
            yield from (".nf", *map(_text, rest.splitlines()), ".fi")
        else:
            yield _text(" ".join(paragraph.split()))


def _commands(ctx: click.Context) -> Iterator[str]:
    if isinstance(ctx.command, LazyGroup):
        for name, summary in ctx.command.summaries(ctx).items():
            page = _escaped(f"{_page_name(ctx)}-{name}")
            yield from (".TP", f"\\fB{page}\\fR(1)", _text(summary))


def _options(ctx: click.Context) -> Iterator[str]:
    for param in ctx.command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is not None and record[1]:
            yield from (".TP", f"\\fB{_escaped(record[0])}\\fR", _text(record[1]))


def _environment(ctx: click.Context) -> Iterator[str]:
    for param in ctx.command.get_params(ctx):
        for variable in [param.envvar] if isinstance(param.envvar, str) else param.envvar or ():
            option = max(param.opts, key=len)
            yield from (".TP", f"\\fB{_escaped(variable)}\\fR", f"As {_escaped(option)}.")


def _exit_status(ctx: click.Context) -> Iterator[str]:
    if ctx.parent is not None:
        yield f"See \\fB{_escaped(ctx.find_root().command_path)}\\fR(1)."
        return
    for code, meaning in MEANINGS.items():
        yield from (".TP", f"\\fB{code.value}\\fR", _text(meaning.replace("`", "")))


def _examples(ctx: click.Context) -> Iterator[str]:
    examples = getattr(ctx.command, "examples", ())
    if examples:
        yield ".nf"
        yield from (_text(f"$ {ctx.command_path} {example}".rstrip()) for example in examples)
        yield ".fi"


def _see_also(ctx: click.Context) -> Iterator[str]:
    if ctx.parent is not None:
        yield f"\\fB{_escaped(_page_name(ctx.parent))}\\fR(1)"


def _text(text: str) -> str:
    """Return a line of text, which must not be taken for a request."""
    escaped = _escaped(text)
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


def _escaped(text: str) -> str:
    """Return text in which nothing is a command, and a minus stays one that can be copied."""
    return "".join(_SPECIAL.get(character, character) for character in text)
