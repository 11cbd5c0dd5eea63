"""Entry point of the command ``ringtaw``."""

from __future__ import annotations

import sys

from ringtaw_cli.program import run


def main() -> None:
    """Run the command and exit."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
