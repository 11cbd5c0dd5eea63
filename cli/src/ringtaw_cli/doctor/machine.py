"""The machine as the examination sees it: files below a root, an environment, programs, a network.

Tests give a folder in place of ``/``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MAX_FILE: Final = 1 << 20
_MAX_OUTPUT: Final = 4096


@dataclass(frozen=True, slots=True)
class Machine:
    """Where to look, and how long to wait: ``timeout`` is in seconds, for each program or host."""

    root: Path
    environ: Mapping[str, str]
    folder: Path
    """The working directory, for relative paths in settings."""
    timeout: float
    network: bool = True

    def path(self, name: str) -> Path:
        """Return where an absolute path of the machine is."""
        return self.root / name.lstrip("/")

    def text(self, name: str) -> str:
        """Return a file's text, "" if it is not there or cannot be read."""
        try:
            with self.path(name).open("rb") as file:
                return file.read(_MAX_FILE).decode("utf-8", "replace")
        except OSError:
            return ""

    def is_there(self, name: str) -> bool:
        """Whether a path exists."""
        return os.path.exists(self.path(name))  # False, too, where that cannot be looked up

    def may_use(self, name: str) -> bool:
        """Whether this user may read and write a file or device."""
        return os.access(self.path(name), os.R_OK | os.W_OK)

    def program(self, name: str) -> str:
        """Return the path of a program, "" if it is not installed."""
        return shutil.which(name, path=self.environ.get("PATH", "")) or ""

    def output(self, *command: str) -> str:
        """Return what a program prints to either stream, "" if it does not work."""
        try:
            done = subprocess.run(  # noqa: S603 - programs of the user's own PATH
                command,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=self.timeout,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout[:_MAX_OUTPUT].decode("utf-8", "replace")

    def reach(self, host: str, port: int) -> str:
        """Connect by TCP; return why that does not work, "" if it does."""
        try:
            socket.create_connection((host, port), self.timeout).close()
        except UnicodeError:
            return "its name is none"
        except OSError as error:
            return str(error.strerror or error)
        return ""

    def reach_socket(self, name: str) -> str:
        """Connect to a Unix domain socket; return why that does not work, "" if it does."""
        with closing(socket.socket(socket.AF_UNIX)) as connection:
            connection.settimeout(self.timeout)
            try:
                connection.connect(str(self.path(name)))
            except OSError as error:
                return str(error.strerror or error)
        return ""
