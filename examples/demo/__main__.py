"""Run the demo: everything is real but the enclave (simulation: no evidence is checked)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from examples.demo.coordinator import Client, running_coordinator

PROJECT = Path(__file__).parents[2]
MANIFEST = Path(__file__).with_name("manifest.json")
VISIT_SECONDS = 60


def main() -> int:
    """Bring up the Coordinator and both Marbles, let them talk, end everything."""
    started = time.monotonic()
    say("Ringtaw demo. SIMULATION: there is no enclave here, so no evidence is checked.")
    with tempfile.TemporaryDirectory(prefix="ringtaw-demo-") as name:
        directory = Path(name)
        step(1, "Start a Coordinator with its own CA and an empty, durable state.")
        with running_coordinator(directory) as (mesh, client_address):
            client = Client(client_address)
            detail(f"mesh API {mesh} (for Marbles), client API https://{client_address}")
            detail(client.get("/api/v2/status")["message"])

            step(2, "Set the manifest: which applications may run, and what they receive.")
            client.set_manifest(MANIFEST.read_bytes())
            detail(f"fingerprint {client.get('/api/v2/manifest')['manifestFingerprint']}")
            detail(client.get("/api/v2/status")["message"])

            bring_up_marbles(directory, mesh)

            step(5, "A third Marble asks to be a greeter, but MaxActivations is 1.")
            refuse_another_greeter(directory, mesh)
        step(6, "The Coordinator has ended; nothing is left running.")
    say(f"\nDone in {time.monotonic() - started:.1f} s.")
    return 0


def bring_up_marbles(directory: Path, mesh: str) -> None:
    """Start both Marbles through the premain and wait until they have talked."""
    port = free_port()
    step(3, "The greeter: the premain activates, places its files and becomes the application.")
    greeter = start_marble("greeter", directory / "greeter", mesh, port)
    try:
        wait_for(directory / "greeter" / "ready", greeter)
        step(4, "The visitor: the same, then mutual TLS to the greeter with what they were given.")
        visitor = start_marble("visitor", directory / "visitor", mesh, port)
        try:
            codes = [marble.wait(timeout=VISIT_SECONDS) for marble in (visitor, greeter)]
        finally:
            visitor.kill()
    finally:
        greeter.kill()
    if codes != [0, 0]:
        raise SystemExit(f"the Marbles ended with {codes}")


def wait_for(file: Path, marble: subprocess.Popen[str]) -> None:
    """Wait until a Marble has made the file that says it is ready."""
    deadline = time.monotonic() + VISIT_SECONDS
    while not file.exists():
        if marble.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the Marble did not become ready (exit code {marble.poll()})")
        time.sleep(0.02)


def refuse_another_greeter(directory: Path, mesh: str) -> None:
    """Show that the activation budget is kept: the premain starts nothing."""
    code = start_marble("greeter", directory / "another", mesh, 0).wait(timeout=VISIT_SECONDS)
    if code != 125:
        raise SystemExit(f"a greeter too many ended with {code}")
    detail("refused; the premain exited with 125 and started nothing")


def start_marble(marble_type: str, directory: Path, mesh: str, port: int) -> subprocess.Popen[str]:
    """Start the premain for one Marble in a directory of its own."""
    directory.mkdir()
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(PROJECT),
        "DEMO_PORT": str(port),
        "EDG_MARBLE_TYPE": marble_type,
        "EDG_MARBLE_COORDINATOR_ADDR": mesh,
        "RINGTAW_ADAPTER": "simulation",
    }
    return subprocess.Popen(
        [sys.executable, "-I", "-m", "ringtaw_premain"],
        cwd=directory,
        env=environ,
        stderr=subprocess.STDOUT,
        text=True,
    )


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert isinstance(port, int)  # noqa: S101 - TCP addresses have integers
    return port


def step(number: int, what: str) -> None:
    """Print the heading of a step."""
    say(f"\n{number}. {what}")


def detail(line: str) -> None:
    """Print one indented line."""
    say(f"     {line}")


def say(line: str) -> None:
    """Print a line at once, in order with what the Marbles print."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
