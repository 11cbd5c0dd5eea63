"""Runs the whole premain in a process of its own, inside a stand-in or outside."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Coordinator(Protocol):
    """Something that Marbles activate at."""

    @property
    def address(self) -> str:
        """``host:port``."""
        ...


def run_premain(
    environ: Mapping[str, str],
    coordinator: Coordinator,
    directory: Path,
    *arguments: str,
    argv0: str = sys.executable,
) -> subprocess.CompletedProcess[str]:
    """Run it as the Marble ``frontend`` until its application ends, in a working directory."""
    settings = {
        "EDG_MARBLE_TYPE": "frontend",
        "EDG_MARBLE_COORDINATOR_ADDR": coordinator.address,
        "EDG_MARBLE_UUID_FILE": str(directory / "uuid"),
        # Under another argv[0] Python does not find its virtual environment.
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    return subprocess.run(
        [argv0, "-m", "ringtaw_premain", *arguments],
        executable=sys.executable,
        cwd=directory,
        env={**environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
