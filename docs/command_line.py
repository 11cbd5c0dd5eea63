"""Generates docs/command-line.md from the commands themselves: ``python -m docs.command_line``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
from ringtaw_cli.command import LazyGroup, load_command
from ringtaw_cli.exits import MEANINGS
from ringtaw_cli.program import program
from ringtaw_cli.session.options import SECTION as COORDINATOR_SECTION
from ringtaw_cli.session.user import OWNER_SECTION, USER_SECTION
from ringtaw_cli.table import ADAPTER_COMMANDS, COMMANDS, Entry

SHARED: Final = {
    COORDINATOR_SECTION: "ringtaw_cli.operator.status:status",
    USER_SECTION: "ringtaw_cli.operator.secret_get:get",
    OWNER_SECTION: "ringtaw_cli.operator.recover:recover",
}
"""Sections of options that are shown once, and where a command is that has them."""
PAGE: Final = Path(__file__).with_name("command-line.md")
WIDTH: Final = 100

INTRODUCTION: Final = """\
# The command `ringtaw`

One command for developers and operators. This page is generated from the code.

Data goes to stdout, everything else (notes, warnings, errors) to stderr, so a command's output can
be piped as it is. With `--format json` it is one object whose `version` is 1; the JSON Schemas are
[beside the code](../schemas/src/ringtaw_schemas/cli). Colour is for terminals; `NO_COLOR` turns it
off. An error is one block that says what happened, where, and what to do; `--debug` before the
command adds the traceback.

No secret has to be an argument: other users of a machine can read the arguments of every process.

## Exit codes

| code | meaning |
| --- | --- |
"""
AFTER_CODES: Final = """
`run` ends with the exit code of what it started, 128 and more where a signal ended that. 130 says
that Ctrl-C ended `ringtaw` itself.
"""
OF_ADAPTERS: Final = """\
## Commands of adapters

Each installed adapter, a third party's too, is a group of its own: `ringtaw gramine …`,
`ringtaw occlum …`, `ringtaw ego …`. It has a command for each hook that the build side of the
adapter has. `ADAPTER` stands for its name below.
"""
NOTES: Final = {
    "ringtaw plugins": """\
An adapter is found by its entry point and listed whatever is wrong with it: an import error,
another version of the contract, a hook whose name is misspelt, a name that two distributions claim,
a runtime that two adapters detect. The hashes are those of the modules that the entry point and the
adapter name.
""",
    "ringtaw ADAPTER prepare": """\
The hook proposes, the command writes. A file that changed between reading and writing is left
alone. It is replaced at once, keeps its mode and owner, and what was there stays beside it as
`NAME.orig`, or `NAME.orig.1` and so on if that name is taken by something else.
""",
    "ringtaw ADAPTER check": """\
A finding is `FILE:LINE: SEVERITY[CODE]: KEY: MESSAGE`, the form that editors jump to. A file that
cannot be parsed is a finding too, with the code `syntax`. With `--manifest` the configuration is
also compared with the Coordinator's manifest.
""",
    "ringtaw ADAPTER package-properties": """\
A package of a manifest knows its enclaves by `UniqueID` (this very build), or by `SignerID`,
`ProductID` and the lowest `SecurityVersion` (whatever its signer signs for that product). The
second follows updates without a new manifest, and trusts every enclave that the key ever signs;
therefore it is chosen with `--by signer`, or by the package in the manifest being of that kind
already. With `--merge` the keys of the other kind are removed, `Debug` follows the enclave, and no
other byte of the file changes.
""",
    "ringtaw ADAPTER run": """\
Away from a terminal the libOS gets a process group of its own, and a signal to `ringtaw` (HUP, INT,
QUIT, TERM, USR1, USR2, WINCH) reaches all of it. On a terminal it shares the group, as any command
started there, and gets the terminal's signals once. A variable set with an option wins over one of
your environment, all of which is passed on.
""",
}


def render() -> str:
    """Return the whole page."""
    top = _context(program, "ringtaw")
    codes = "".join(f"| {code.value} | {meaning} |\n" for code, meaning in MEANINGS.items())
    sections = [f"{INTRODUCTION}{codes}{AFTER_CODES}", f"## Commands\n\n{_own_help(top)}"]
    for name, entry in COMMANDS.items():
        sections += _sections(_context(load_command(entry), name, top))
    sections += _shared_options(top)
    sections.append(OF_ADAPTERS)
    adapter = _context(click.Group(), "ADAPTER", top)
    for name, entry in ADAPTER_COMMANDS.items():
        sections += _sections(_context(load_command(entry), name, adapter))
    return "\n".join(sections)


def _shared_options(top: click.Context) -> Iterator[str]:
    """Yield the options that many commands share."""
    yield "## Options that commands share\n"
    for title, reference in SHARED.items():
        ctx = _context(load_command(Entry(reference, "")), "", top)
        (options,) = _section(title).findall(ctx.get_help())
        yield f"### {title}\n\n```text\n{options}```\n"


def _section(title: str) -> re.Pattern[str]:
    return re.compile(rf"\n{title}:\n(?P<options>(?:  .*\n)+)")


def _context(
    command: click.Command, name: str, parent: click.Context | None = None
) -> click.Context:
    settings = {"terminal_width": WIDTH, **command.context_settings}
    return click.Context(command, info_name=name, parent=parent, **settings)


def _sections(ctx: click.Context) -> Iterator[str]:
    """Yield the section of a command, then those of its own commands."""
    note = NOTES.get(ctx.command_path, "")
    yield f"### {ctx.command_path}\n\n{_fenced(ctx)}" + (f"\n{note}" if note else "")
    if isinstance(ctx.command, LazyGroup):
        for name, entry in ctx.command.entries.items():
            yield from _sections(_context(load_command(entry), name, ctx))


def _own_help(ctx: click.Context) -> str:
    """Return the program's help but for the adapters, which depend on what is installed."""
    before, _, after = _fenced(ctx).partition("\nAdapters:\n")
    _, _, examples = after.partition("\n\n")
    return f"{before}\nAdapters:\n  ...\n\n{examples}"


def _fenced(ctx: click.Context) -> str:
    """Return a command's help without the shared options, to which it refers."""
    text, references = ctx.get_help(), []
    for title in SHARED:
        text, is_there = _section(title).subn("", text)
        if is_there:
            references.append(f"- [{title}](#{title.lower().replace(' ', '-')})\n")
    also = "\nAlso:\n\n" if references else ""
    return f"```text\n{text}\n```\n{also}{''.join(references)}"


if __name__ == "__main__":
    PAGE.write_text(render())
