"""``./run bench [NAME] [OPTION ...]``: run one measurement, or all of them."""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import Final

BENCHMARKS: Final = {
    "activation-scaling": "benchmarks.activation_scaling",
    "activations": "benchmarks.activations",
    "cli-start": "benchmarks.cli_start",
    "client-api": "benchmarks.client_api",
    "durable-change": "benchmarks.durable_change",
    "gramine-direct": "benchmarks.gramine_direct",
    "premain-start": "benchmarks.premain_start",
    "quote-verification": "benchmarks.quote_verification",
}


def main() -> int:
    """Dispatch to the measurement's own ``main(argv)``."""
    parser = argparse.ArgumentParser(
        prog="./run bench",
        description="Measure. Each takes --help; without NAME all run with their defaults.",
        add_help=len(sys.argv) < 3 or sys.argv[1].startswith("-"),
    )
    parser.add_argument(
        "name", nargs="?", choices=BENCHMARKS, metavar=f"{{{','.join(BENCHMARKS)}}}"
    )
    arguments, rest = parser.parse_known_args()
    names = [arguments.name] if arguments.name else list(BENCHMARKS)
    for name in names:
        importlib.import_module(BENCHMARKS[name]).main(rest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
