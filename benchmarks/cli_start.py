"""How long ``ringtaw`` takes to answer, beyond a bare Python: time on the clock and of processors.

Each command line is run in turn with the others, so that all meet the same machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

RINGTAW: Final = str(Path(sys.executable).with_name("ringtaw"))
BARE: Final = "bare Python"
COMMANDS: Final = {
    BARE: (sys.executable, "-c", "pass"),
    "ringtaw --version": (RINGTAW, "--version"),
    "ringtaw --help": (RINGTAW, "--help"),
    "ringtaw status --help": (RINGTAW, "status", "--help"),
    "ringtaw gramine --help": (RINGTAW, "gramine", "--help"),
}


@dataclass(slots=True)
class Times:
    """Milliseconds of each run."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


def main(argv: Sequence[str]) -> None:
    """Measure, and print one line for each command line."""
    runs = _parse(argv).runs
    measured = {name: Times() for name in COMMANDS}
    for _ in range(runs):
        for name, command in COMMANDS.items():
            run(command, measured[name])
    print(f"cli-start: milliseconds, median of {runs} runs (and the least); more than {BARE}")
    clock = statistics.median(measured[BARE].clock)
    processor = statistics.median(measured[BARE].processor)
    for name, times in measured.items():
        print(
            f"  {name:<23} clock {_figures(times.clock)} {_more(times.clock, clock)}"
            f"   processor {_figures(times.processor)} {_more(times.processor, processor)}"
        )


def run(command: Sequence[str], times: Times) -> None:
    """Run a program once and add its times; what it prints goes nowhere."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    times.clock.append(1000 * (time.perf_counter() - start))
    times.processor.append(1000 * (usage.ru_utime + usage.ru_stime))
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench cli-start", description=__doc__)
    parser.add_argument("--runs", type=int, default=30, help="runs of each (default 30)")
    return parser.parse_args(argv)


def _figures(values: Sequence[float]) -> str:
    return f"{statistics.median(values):5.0f} ({min(values):3.0f})"


def _more(values: Sequence[float], bare: float) -> str:
    return f"{statistics.median(values) - bare:+5.0f}"


if __name__ == "__main__":
    main(sys.argv[1:])
