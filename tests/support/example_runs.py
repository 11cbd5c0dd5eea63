"""Examples for Gramine, built and run without SGX; and Marbles of theirs that run on the host."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.coordinator_process import CoordinatorProcess
from tests.support.examples import copy_example, example

PATIENCE = 60.0
DEFINITIONS = ("-Darch_libdir=/lib/x86_64-linux-gnu", "-Dinterpreter=/usr/bin/python3.11")


@dataclass(frozen=True)
class Image:
    """A copy of an example, ready to be started."""

    folder: Path
    program: str
    ports: Mapping[str, str]

    def manifest(self) -> bytes:
        """Return the Coordinator's manifest."""
        return (self.folder / "manifest.json").read_bytes()

    def run(
        self, marble: str, coordinator: CoordinatorProcess, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end; what it prints comes on stdout, Gramine's own words on stderr."""
        return subprocess.run(
            ["gramine-direct", self.program],
            cwd=self.folder,
            env=_environ(marble, coordinator, **{"OE_SIMULATION": "1", **environ}),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    @contextmanager
    def running(self, marble: str, coordinator: CoordinatorProcess) -> Iterator[Server]:
        """Run it, and ask it to stop in the end."""
        environ = _environ(marble, coordinator, OE_SIMULATION="1")
        with running(["gramine-direct", self.program], self.folder, environ) as server:
            yield server

    def on_disk(self, folder: str = ".") -> bytes:
        """Return all that the host has of it, or of one folder of it."""
        files = (self.folder / folder).rglob("*")
        return b"".join(path.read_bytes() for path in files if path.is_file())


class Server:
    """A process, with what it said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.output = ""
        self._changed = threading.Condition()
        self._ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.output += line
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, text: str) -> None:
        """Return when it has said this."""
        with self._changed:
            self._changed.wait_for(lambda: text in self.output or self._ended, PATIENCE)
            assert text in self.output, self.output

    def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextmanager
def running(command: list[str], folder: Path, environ: Mapping[str, str]) -> Iterator[Server]:
    """Run a server and stop it in the end, unless that was done."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        server = Server(process)
        try:
            yield server
            if process.poll() is None:
                server.stop()
        finally:
            process.kill()


def premain(
    folder: Path, marble: str, coordinator: CoordinatorProcess
) -> subprocess.CompletedProcess[str]:
    """Run a Marble on the host, without evidence, to its end."""
    return subprocess.run(
        _PREMAIN,
        cwd=folder,
        env=_environ(marble, coordinator, RINGTAW_ADAPTER="simulation"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@contextmanager
def running_premain(folder: Path, marble: str, coordinator: CoordinatorProcess) -> Iterator[Server]:
    """Run a Marble on the host, without evidence, and ask it to stop in the end."""
    environ = _environ(marble, coordinator, RINGTAW_ADAPTER="simulation")
    with running(_PREMAIN, folder, environ) as server:
        yield server


_PREMAIN = [sys.executable, "-m", "ringtaw_premain"]


def lay_out(name: str, directory: Path, runtime: Path, ports: Mapping[str, str]) -> Image:
    """Copy an example for Gramine to a new folder with a premain, and render its manifest."""
    chosen = example(name)
    copy_example(chosen.folder, directory, ports)
    (directory / "premain").symlink_to(runtime)
    for folder in ("data", "state"):
        (directory / folder).mkdir()
    program = chosen.config.removesuffix(".manifest.template")
    if (directory / f"{program}.c").exists():
        subprocess.run(["cc", "-Wall", "-o", program, f"{program}.c"], cwd=directory, check=True)
    names = (chosen.config, f"{program}.manifest")
    subprocess.run(["gramine-manifest", *DEFINITIONS, *names], cwd=directory, check=True)
    return Image(directory, program, ports)


def _environ(marble: str, coordinator: CoordinatorProcess, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "EDG_MARBLE_TYPE": marble,
        "EDG_MARBLE_COORDINATOR_ADDR": coordinator.mesh_address,
        **more,
    }
