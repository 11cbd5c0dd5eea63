"""Crash an operation at every step of it: see :mod:`tests.support.crash_driver`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def crash(operation: str, before: Path, results: Path) -> list[Path]:
    """Return the states after each crash; the last one is of the run that survived."""
    before.mkdir(exist_ok=True)
    results.mkdir()
    arguments = [operation, str(before), str(results)]
    command = [sys.executable, "-m", "tests.support.crash_driver", *arguments]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, timeout=120)
    found = sorted(path for path in results.iterdir() if path.name != "acknowledged")
    assert len(found) >= 6
    return [*found, results / "acknowledged"]


def named(directories: list[Path]) -> Iterator[Path]:
    """Yield the directories; a failure shows which one it was."""
    for directory in directories:
        print(directory.name)
        yield directory
