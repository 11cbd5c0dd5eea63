"""Entry point of the command ``ringtaw``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command and exit."""
    try:
        sys.exit(_run(sys.argv[1:]))
    except KeyboardInterrupt:  # while something is loaded, or while the end is near
        print("error: interrupted", file=sys.stderr)
        sys.exit(130)


def _run(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        from ringtaw_cli.closed_streams import replace_closed

        replace_closed()
    text = _answer(arguments)
    if text is None:
        from ringtaw_cli.program import run

        return run(arguments)
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        from ringtaw_cli.program import output_failed

        return output_failed(error)
    return 0


def _answer(arguments: list[str]) -> str | None:
    """Return what people and scripts ask often, without click, which would take most of the time.

    None stands for every other command line.
    """
    if arguments == ["--version"]:
        from ringtaw_cli import __version__

        return f"ringtaw {__version__}\n"
    if arguments in (["--help"], ["-h"]):
        from ringtaw_cli.front_page import front_page, help_width

        return front_page(help_width())
    return None


if __name__ == "__main__":
    main()
