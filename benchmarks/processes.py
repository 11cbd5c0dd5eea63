"""Coordinators under measurement: ours and a peer's, started and observed in the same way."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

START_SECONDS: Final = 30
OURS: Final = (sys.executable, "-m", "ringtaw_coordinator")


@dataclass(frozen=True, slots=True)
class RunningCoordinator:
    """A Coordinator in simulation with a manifest set, accepting Marbles."""

    mesh_address: str
    client_address: tuple[str, int]
    pid: int

    def cpu_seconds(self) -> float:
        """Return the user and system time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_memory_mib(self) -> float:
        """Return the peak resident set size."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024


@contextmanager
def running_coordinator(
    command: Sequence[str], manifest: bytes, cpus: set[int] | None = None
) -> Iterator[RunningCoordinator]:
    """Run ``command`` as a Coordinator on free loopback ports, on the given processors."""
    mesh, client = _free_port(), _free_port()
    with tempfile.TemporaryDirectory(prefix="ringtaw-bench-") as directory:
        environ = {
            "PATH": os.environ.get("PATH", ""),
            "EDG_COORDINATOR_MESH_ADDR": f"127.0.0.1:{mesh}",
            "EDG_COORDINATOR_CLIENT_ADDR": f"127.0.0.1:{client}",
            "EDG_COORDINATOR_DNS_NAMES": "localhost",
            "EDG_COORDINATOR_SEAL_DIR": f"{directory}/state",
            "OE_SIMULATION": "1",
        }
        log = Path(directory, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, env=environ, cwd=directory, stdout=output, stderr=output
            )
        try:
            if cpus:
                os.sched_setaffinity(process.pid, cpus)
            _set_manifest(client, manifest, process, log)
            yield RunningCoordinator(f"127.0.0.1:{mesh}", ("127.0.0.1", client), process.pid)
        finally:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _set_manifest(port: int, manifest: bytes, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the client API answers, then set the manifest."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            _call(port, "GET", "/api/v2/status")
            break
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the Coordinator did not start:\n{log.read_text()}") from None
            time.sleep(0.05)
    body = json.dumps({"manifest": base64.b64encode(manifest).decode()})
    answer = _call(port, "POST", "/api/v2/manifest", body)
    if answer["status"] != "success":
        raise SystemExit(f"the manifest was refused: {answer}")


def _call(port: int, method: str, path: str, body: str | None = None) -> dict[str, object]:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    try:
        connection.request(method, path, body)
        answer = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    assert isinstance(answer, dict)  # noqa: S101 - as the API promises
    return answer
