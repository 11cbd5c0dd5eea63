"""The demo's Coordinator: a real one, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringtaw_client import UnreachableError

_PATIENCE: Final = 20.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a Coordinator serves Marbles, and users."""

    mesh: str
    client: str


@contextmanager
def running_coordinator(directory: Path, settings: Mapping[str, str]) -> Iterator[Addresses]:
    """Run a Coordinator on free ports of the loopback interface; end it afterwards.

    Raises:
        UnreachableError: It does not start.
    """
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "EDG_COORDINATOR_MESH_ADDR": "127.0.0.1:0",
        "EDG_COORDINATOR_CLIENT_ADDR": "127.0.0.1:0",
        "EDG_COORDINATOR_SEAL_DIR": str(directory),
        "EDG_LOG_FORMAT": "json",
        **settings,
    }
    command = (sys.executable, "-I", "-m", "ringtaw_coordinator")
    with subprocess.Popen(  # noqa: S603 - this interpreter
        command, env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        log = _Log(process)
        try:
            yield log.addresses()
        finally:
            process.terminate()
            log.join()


class _Log(threading.Thread):
    """Reads what a Coordinator logs, so that it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._last = ""
        self._addresses: Addresses | None = None
        self._known = threading.Event()
        self.start()

    def addresses(self) -> Addresses:
        self._known.wait(_PATIENCE)
        if self._addresses is None:
            raise UnreachableError("the Coordinator did not start", hint=self._last.strip())
        return self._addresses

    def run(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - asked for above
        for line in self._process.stderr:
            self._last = line
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("event") == "serving":
                self._addresses = Addresses(event["mesh_address"], event["client_address"])
                self._known.set()
        self._known.set()
