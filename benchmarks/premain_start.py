"""From the premain's start to the application: time, system calls, files opened.

The premain is installed as an enclave image has it (its own environment, wheels, nothing else) and
activates against a Coordinator in simulation; the application is ``true``.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import OURS, running_coordinator

PROJECT = Path(__file__).parents[1]
MANIFEST = Path(__file__).with_name("premain_manifest.json")
APPLICATION = "/bin/true"
SYSTEM_CALL = re.compile(r"^(?:\d+ +)?(\w+)\(")


@dataclass(frozen=True, slots=True)
class Premain:
    """How a premain is started: program, argv and its own settings."""

    program: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]


def main(argv: Sequence[str]) -> None:
    """Measure ours, alternating with the peer when there is one."""
    arguments = _parse(argv)
    with (
        tempfile.TemporaryDirectory(prefix="ringtaw-bench-") as name,
        running_coordinator(OURS, MANIFEST.read_bytes()) as coordinator,
    ):
        directory = Path(name)
        print("premain-start: installing an image of the premain", flush=True)
        python = str(_install_image(directory))
        options = ("-I", "-m", "ringtaw_premain", "--", APPLICATION)
        premains = {"ours": Premain(python, (python, *options), {"RINGTAW_ADAPTER": "simulation"})}
        if arguments.peer:
            premains["peer"] = Premain(arguments.peer, (APPLICATION,), {"OE_SIMULATION": "1"})
        environ = {
            **os.environ,
            "EDG_MARBLE_COORDINATOR_ADDR": coordinator.mesh_address,
            "EDG_MARBLE_TYPE": "application",
            "EDG_MARBLE_UUID_FILE": str(directory / "uuid"),
        }
        report(premains, environ, directory, arguments.runs)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench premain-start", description=__doc__)
    parser.add_argument(
        "--peer",
        help="path of a peer's premain, run alternately; it takes the application from argv[0]",
    )
    parser.add_argument("--runs", type=int, default=20, help="runs of each (default 20)")
    return parser.parse_args(argv)


def _install_image(directory: Path) -> Path:
    """Install premain and adapter from wheels into an environment of their own."""
    wheels = directory / "wheels"
    units = [str(PROJECT / "premain"), str(PROJECT / "adapters" / "simulation")]
    pip = ("-m", "pip", "--quiet", "--disable-pip-version-check")
    build = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels))
    subprocess.run([sys.executable, *pip, *build, *units], check=True)
    environment = directory / "image"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    constraints = ("--constraint", str(PROJECT / "constraints.txt"))
    install = ("--python", str(python), "install", *constraints)
    files = [str(wheel) for wheel in wheels.iterdir()]
    subprocess.run([sys.executable, *pip, *install, *files], check=True)
    return python


def report(
    premains: Mapping[str, Premain], environ: Mapping[str, str], directory: Path, runs: int
) -> None:
    """Run alternately and print medians, the ratio, and what strace counts."""
    times: dict[str, list[float]] = {name: [] for name in premains}
    for number in range(runs + 1):
        for name, premain in premains.items():
            begin = time.perf_counter()
            _run([], premain, environ, directory)
            if number:  # the first run warms the caches
                times[name].append((time.perf_counter() - begin) * 1000)
    for name, premain in premains.items():
        found = sorted(times[name])
        print(
            f"  {name}: median {statistics.median(found):.1f} ms "
            f"(min {found[0]:.1f}, max {found[-1]:.1f}) of {runs} runs"
            + _system_calls(premain, environ, directory)
        )
    if "peer" in times:
        ratios = [ours / peer for ours, peer in zip(times["ours"], times["peer"], strict=True)]
        print(f"  ratio ours/peer: median {statistics.median(ratios):.2f}")


def _run(
    prefix: Sequence[str], premain: Premain, environ: Mapping[str, str], directory: Path
) -> None:
    command = [*prefix, *premain.argv]
    result = subprocess.run(
        command,
        executable=None if prefix else premain.program,
        env={**environ, **premain.environ},
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if result.returncode:
        raise SystemExit(f"{command} ended with {result.returncode}:\n{result.stdout.decode()}")


def _system_calls(premain: Premain, environ: Mapping[str, str], directory: Path) -> str:
    """Return the number of system calls and opened files up to the application's execve."""
    if not shutil.which("strace"):
        return " (system calls: strace is not installed)"
    trace = directory / "trace"
    starter = (sys.executable, "-c", "import os, sys; os.execv(sys.argv[1], sys.argv[2:])")
    prefix = ("strace", "-f", "-qq", "-o", str(trace), *starter, premain.program)
    _run(prefix, premain, environ, directory)
    lines = trace.read_text(errors="replace").splitlines()
    starts = [number for number, line in enumerate(lines) if "execve(" in line]
    own = lines[starts[-2] : starts[-1]]
    calls = [line for line in own if SYSTEM_CALL.match(line)]
    opened = [line for line in calls if "openat(" in line and " = -1 " not in line]
    return f", {len(calls)} system calls, {len(opened)} files opened"


if __name__ == "__main__":
    main(sys.argv[1:])
