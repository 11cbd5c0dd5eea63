"""Run the demo: everything is real but the hardware, whose place a software TEE takes."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from examples.demo.coordinator import running_coordinator
from examples.demo.platform import Platform, Simulation, SoftwareTee
from examples.demo.tell import detail, say, step

PROJECT = Path(__file__).parents[2]
MANIFEST = Path(__file__).with_name("manifest.json")
VISIT_SECONDS = 60
PREMAIN_FAILED = 125


@dataclass(frozen=True)
class Mesh:
    """What it takes to start a Marble."""

    directory: Path
    platform: Platform
    address: str
    root: Path
    """File with the Coordinator's root certificate: Marbles talk to nobody else."""


def main() -> int:
    """Bring up the Coordinator and both Marbles, let them talk, end everything."""
    arguments = parse()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ringtaw-demo-") as name:
        platform = choose_platform(Path(name), simulation=arguments.simulation)
        step(2, "Start a Coordinator with its own CA and an empty, sealed state.")
        settings = platform.environment("coordinator") | platform.coordinator_settings()
        with running_coordinator(
            Path(name) / "state", platform.coordinator_arguments, settings
        ) as (mesh_address, client_address):
            detail(f"mesh API {mesh_address} (for Marbles), client API https://{client_address}")
            show(Path(name), platform, client_address, mesh_address)
        step(8, "The Coordinator has ended; nothing is left running.")
    say(f"\nDone in {time.monotonic() - started:.1f} s.")
    return 0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./run demo", description=__doc__)
    parser.add_argument("--simulation", action="store_true", help="without any evidence")
    return parser.parse_args()


def choose_platform(directory: Path, *, simulation: bool) -> Platform:
    """Say what stands in for hardware, and make it."""
    if simulation:
        step(1, "SIMULATION: there is no enclave here, no evidence, and nothing is verified.")
        return Simulation()
    step(1, "Make a software TEE. It stands in for SGX hardware AND PROTECTS NOTHING.")
    detail("Quotes, collateral and sealing keys take the same way through the same code as real")
    detail("ones; but whoever can read its directory can make any quote.")
    return SoftwareTee(directory / "software-tee")


def show(directory: Path, platform: Platform, client_address: str, mesh_address: str) -> None:
    """Do what an operator does, then what Marbles do."""
    step(3, "Verify the Coordinator before it is told anything.")
    coordinator = platform.verified_coordinator(client_address)
    root = directory / "coordinator-root.pem"
    root.write_text(coordinator.identity.root_pem)
    detail(coordinator.status().message)

    step(4, "Set the manifest: which enclaves may run as what, and what they receive.")
    manifest = json.loads(MANIFEST.read_text())
    manifest["Packages"] = platform.packages()
    for package, properties in manifest["Packages"].items():
        detail(f"package {package}: {json.dumps(properties)}")
    raw = json.dumps(manifest).encode()
    coordinator.set_manifest(raw)
    detail(f"fingerprint {coordinator.verify_manifest(raw).fingerprint}")
    detail(coordinator.status().message)

    mesh = Mesh(directory, platform, mesh_address, root)
    bring_up_marbles(mesh)
    refuse_others(mesh)


def bring_up_marbles(mesh: Mesh) -> None:
    """Start both Marbles through the premain and wait until they have talked."""
    step(5, "The greeter: the premain proves what it is, places files, becomes the application.")
    greeter = start_marble(mesh, "greeter", "greeter")
    try:
        port = wait_for(mesh.directory / "greeter" / "ready", greeter)
        step(6, "The visitor: the same, then mutual TLS to the greeter with what they were given.")
        visitor = start_marble(mesh, "visitor", "visitor", port=port)
        try:
            codes = [marble.wait(timeout=VISIT_SECONDS) for marble in (visitor, greeter)]
        finally:
            visitor.kill()
    finally:
        greeter.kill()
    if codes != [0, 0]:
        raise SystemExit(f"the Marbles ended with {codes}")


def wait_for(file: Path, marble: subprocess.Popen[str]) -> str:
    """Wait until a Marble has made the file that says it is ready; return what is in it."""
    deadline = time.monotonic() + VISIT_SECONDS
    while not file.exists():
        if marble.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the Marble did not become ready (exit code {marble.poll()})")
        time.sleep(0.02)
    return file.read_text()


def refuse_others(mesh: Mesh) -> None:
    """Show that nobody else is admitted: each time the premain starts nothing."""
    step(7, "Others are refused.")
    detail("A second greeter, when MaxActivations is 1:")
    refuse(mesh, "second-greeter", "greeter", enclave="greeter")
    if not isinstance(mesh.platform, Simulation):
        detail("Another program that asks to be a visitor:")
        refuse(mesh, "impostor", "visitor", enclave="impostor")


def refuse(mesh: Mesh, name: str, marble_type: str, *, enclave: str) -> None:
    """Start a Marble that must not come up."""
    marble = start_marble(mesh, name, marble_type, enclave=enclave)
    code = marble.wait(timeout=VISIT_SECONDS)
    if code != PREMAIN_FAILED:
        raise SystemExit(f"one too many ended with {code}")
    detail(f"refused; the premain exited with {code} and started nothing")


def start_marble(
    mesh: Mesh, name: str, marble_type: str, *, enclave: str = "", port: str = ""
) -> subprocess.Popen[str]:
    """Start the premain for one Marble in a directory of its own.

    It asks to be of ``marble_type``; what it is, the platform says of ``enclave``.
    """
    directory = mesh.directory / name
    directory.mkdir()
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(PROJECT),
        "DEMO_PORT": port,
        "EDG_MARBLE_TYPE": marble_type,
        "EDG_MARBLE_COORDINATOR_ADDR": mesh.address,
        "RINGTAW_COORDINATOR_PIN": str(mesh.root),
        **mesh.platform.environment(enclave or marble_type),
    }
    return subprocess.Popen(
        [sys.executable, "-I", "-m", "ringtaw_premain"],
        cwd=directory,
        env=environ,
        stderr=subprocess.STDOUT,
        text=True,
    )


if __name__ == "__main__":
    sys.exit(main())
