"""Entry point of the command ``ringtaw``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command and exit."""
    if sys.argv[1:] == ["--version"]:  # scripts ask often; click would take most of the time
        from ringtaw_cli import __version__

        print(f"ringtaw {__version__}")
        return
    from ringtaw_cli.program import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
