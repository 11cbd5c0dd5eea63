"""The whole premain as a process of its own, as it runs before an application."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

MARBLE_TYPE: Final = "frontend"
_PATIENCE: Final = 60.0


class Coordinator(Protocol):
    """Something that Marbles activate at."""

    @property
    def address(self) -> str:
        """``host:port``."""
        ...


def premain_environment(
    environ: Mapping[str, str], address: str, directory: Path
) -> dict[str, str]:
    """Return the variables of a Marble in a directory; those in ``environ`` count more."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "EDG_MARBLE_TYPE": MARBLE_TYPE,
        "EDG_MARBLE_COORDINATOR_ADDR": address,
        "EDG_MARBLE_UUID_FILE": str(directory / "uuid"),
        "RINGTAW_ACTIVATION_TIMEOUT": "10",
        **environ,
    }


def run_premain(
    adapter: str,
    environ: Mapping[str, str],
    coordinator: Coordinator,
    directory: Path,
    *arguments: str,
    prefix: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Run it with an adapter until its application ends; ``directory`` is where it works.

    Its command line is ``prefix``, then the premain's, then ``arguments``, such as
    ``"--", "/path/of/application"``. An empty ``adapter`` is detected.
    """
    settings = {"RINGTAW_ADAPTER": adapter, **environ}
    return subprocess.run(  # noqa: S603 - what this is for
        [*prefix, sys.executable, "-P", "-m", "ringtaw_premain", *arguments],
        cwd=directory,
        env=premain_environment(settings, coordinator.address, directory),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_PATIENCE,
        check=False,
    )
