"""A virtual environment of an author of adapters, with everything of this tree in it."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

COMMANDS = {
    "pip": "pip",
    "pytest": "pytest",
    "ringtaw": "ringtaw_cli",
    "ringtaw-premain": "ringtaw_premain",
}
OWN_PLUGINS = "-p no:hypothesispytest -p no:schemathesis -p no:xdist"
"""Pytest without the plugins of these tests, which authors need not have and which load slowly."""


@dataclass(frozen=True)
class Workshop:
    """Where an author works: a directory, and commands that see what is installed there."""

    directory: Path
    binaries: Path

    def environment(self) -> dict[str, str]:
        """The variables of its shell."""
        path = f"{self.binaries}:{os.environ['PATH']}"
        return {
            **os.environ,
            "PATH": path,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTEST_ADDOPTS": OWN_PLUGINS,
        }

    def run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command, which has to succeed."""
        done = subprocess.run(
            [str(self.binaries / command[0]), *command[1:]],
            cwd=cwd or self.directory,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A fresh one. Packages of the tests' own environment can be imported there too."""
    environment = tmp_path / "environment"
    venv.create(environment, symlinks=True, with_pip=False)
    binaries = environment / "bin"
    [packages] = environment.glob("lib/python*/site-packages")
    outer = sysconfig.get_paths()["purelib"]
    (packages / "outer.pth").write_text(f"import site; site.addsitedir({outer!r})\n")
    for command, module in COMMANDS.items():
        script = binaries / command
        script.write_text(f'#!/bin/sh\nexec "{binaries}/python" -m {module} "$@"\n')
        script.chmod(0o755)
    directory = tmp_path / "work"
    directory.mkdir()
    return Workshop(directory, binaries)
