"""The demo's Coordinator: a real one, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 30


@contextmanager
def running_coordinator(
    directory: Path, arguments: Sequence[str], settings: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Run a Coordinator; yields the addresses of mesh API and client API."""
    environ = {
        **os.environ,
        "EDG_COORDINATOR_MESH_ADDR": "127.0.0.1:0",
        "EDG_COORDINATOR_CLIENT_ADDR": "127.0.0.1:0",
        "EDG_COORDINATOR_SEAL_DIR": str(directory),
        "EDG_LOG_FORMAT": "json",
        **settings,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "ringtaw_coordinator", *arguments],
        env=environ,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        addresses = _read_addresses(process)
        drain = threading.Thread(target=_drain, args=(process,), daemon=True)
        drain.start()
        yield addresses
    finally:
        process.terminate()
        process.wait(timeout=10)


def _read_addresses(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for the log line that names the actual ports."""
    assert process.stderr is not None  # noqa: S101 - asked for above
    seen = []
    deadline = time.monotonic() + START_SECONDS
    for line in process.stderr:
        seen.append(line)
        event = _parse(line)
        if "mesh_address" in event:
            return event["mesh_address"], event["client_address"]
        if time.monotonic() > deadline:
            break
    raise SystemExit("the Coordinator did not start:\n" + "".join(seen))


def _parse(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _drain(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None  # noqa: S101 - asked for above
    for _ in process.stderr:
        pass
