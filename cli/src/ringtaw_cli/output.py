"""How ``ringtaw`` writes: data to stdout, words to stderr, colour only for a person's terminal."""

from __future__ import annotations

import os
import sys
from typing import Any, Final, TextIO

import click

FORMAT_VERSION: Final = 1
"""Version of everything that ``--format json`` prints."""

_INVISIBLE: Final = (0x61C, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070))
"""What changes the order of text, or shows nothing: https://trojansource.codes."""
_NOT_UNICODE: Final = range(0xDC80, 0xDD00)
"""Bytes of file names: PEP 383."""
_UNPRINTABLE: Final = {
    code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) != "\t"
} | {code: f"\\u{code:04x}" for code in (*_INVISIBLE, 0xFEFF, *_NOT_UNICODE)}


def wants_colour() -> bool | None:
    """Return False where colour is unwanted; None lets each stream's being a terminal decide.

    See https://no-color.org.
    """
    unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return False if unwanted else None


def data(text: str, *, end: str = "\n") -> None:
    """Write to stdout."""
    click.echo(f"{text}{end}", nl=False, color=wants_colour())


def say(text: str) -> None:
    """Write a line for a person to stderr; if that cannot be written, the work goes on."""
    try:
        click.echo(text, err=True, color=wants_colour())
    except OSError:
        discard(sys.stderr)


def json_data(**members: Any) -> None:
    """Write one JSON object, with the version of the format, to stdout."""
    data(json_text(**members))


def json_text(**members: Any) -> str:
    """Return one JSON object with the version of the format."""
    import json

    return json.dumps({"version": FORMAT_VERSION, **members}, indent=2)


def warning(text: str) -> None:
    """Say on stderr what must not go unnoticed."""
    say(f"{click.style('warning', fg='yellow', bold=True)}: {text}")


def error_block(message: str, cure: str = "") -> None:
    """Say on stderr what happened and where, and what to do."""
    say(f"{click.style('error', fg='red', bold=True)}: {printable(message)}")
    if cure:
        say(f"  {printable(cure)}")


def printable(text: str) -> str:
    """Return text in which control characters cannot reach a terminal: files can hold any."""
    return text.translate(_UNPRINTABLE)


def for_terminal(content: bytes) -> bytes:
    """Return lines of text for a terminal, which shows them as they are and obeys none."""
    lines = content.decode(errors="replace").replace("\r\n", "\n").split("\n")
    return "\n".join(map(printable, lines)).encode()


def discard(stream: TextIO) -> None:
    """Lead a stream that cannot be written to nowhere: Python must not try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def flush() -> None:
    """Let a full disk or a reader that has gone be noticed here."""
    sys.stdout.flush()
