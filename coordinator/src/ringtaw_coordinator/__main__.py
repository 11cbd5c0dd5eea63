"""``ringtaw-coordinator``: run the Coordinator until SIGTERM or SIGINT.

Exit status: 0 after a signal, 1 when it cannot run, 2 for a mistake on the command line or in a
setting.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from ringtaw_coordinator import __version__
from ringtaw_coordinator.errors import SettingsError
from ringtaw_coordinator.settings import LIMITS, SETTINGS, read_settings

EXIT_USAGE: Final = 2
"""As argparse has it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run; returns the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        settings = read_settings(os.environ, simulation=arguments.simulation)
    except SettingsError as error:
        print(f"ringtaw-coordinator: {error}", file=sys.stderr)
        return EXIT_USAGE
    # Imported late: --help and mistakes in settings answer without loading the servers.
    from ringtaw_coordinator.service import run_service

    return run_service(settings)


def _parser() -> argparse.ArgumentParser:
    known = [*(setting.name for setting in SETTINGS), *(limit.name for limit in LIMITS)]
    names = "\n".join(f"  {name}" for name in known)
    parser = argparse.ArgumentParser(
        prog="ringtaw-coordinator",
        description="Serve Marbles and their operators until SIGTERM or SIGINT.",
        epilog=f"Settings are environment variables:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--simulation",
        action="store_true",
        help="check no evidence and protect no key, as OE_SIMULATION=1 does; never in production",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
