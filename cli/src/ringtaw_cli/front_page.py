"""The page of ``ringtaw --help``, made without click, which takes longer to load than this page."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from textwrap import wrap

from ringtaw_cli.table import COMMANDS, EXAMPLES, OPTIONS, SECTIONS, SUMMARY, adapter_summaries


def front_page(width: int) -> str:
    """Return the page in lines of at most so many columns, laid out as click lays out the others.

    Adapters are listed by their entry points; neither they nor commands are loaded.
    """
    parts = [
        "Usage: ringtaw [OPTIONS] COMMAND [ARGS]...\n",
        "".join(f"  {line}\n" for line in wrap(SUMMARY, width - 2)),
        _section("Options", OPTIONS, width),
        *(
            _section(title, {name: COMMANDS[name].summary for name in names}, width)
            for title, names in SECTIONS.items()
        ),
    ]
    if adapters := adapter_summaries():
        parts.append(_section("Adapters", adapters, width))
    parts.append("Examples:\n" + "".join(f"  $ ringtaw {example}\n" for example in EXAMPLES))
    return "\n".join(parts)


def help_width() -> int:
    """Return how many columns help takes: of the terminal, from 50 to 98.

    As ``shutil.get_terminal_size`` finds out, the module of which takes a tenth of the time that
    help may.
    """
    try:
        columns = int(os.environ.get("COLUMNS") or os.get_terminal_size(1).columns)
    except (ValueError, OSError):  # stdout is no terminal
        columns = 0
    return max(min(columns or 80, 100) - 2, 50)


def _section(title: str, meanings: Mapping[str, str], width: int) -> str:
    return "\n".join([f"{title}:", *_lines(meanings, width)]) + "\n"


def _lines(meanings: Mapping[str, str], width: int) -> Iterator[str]:
    """Yield names and, beside them, what they mean."""
    column = 2 + max(map(len, meanings)) + 2
    for name, meaning in meanings.items():
        label = f"  {name}"
        for line in wrap(meaning, width - column):
            yield f"{label:<{column}}{line}"
            label = ""
