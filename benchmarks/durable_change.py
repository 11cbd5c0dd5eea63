"""Time of a durable change, and of a start, against the size of the state.

The core works on a real directory, without servers in front: each change is complete, from the
user's right to it to the last fsync. Half of the state is 100 user-defined secrets, half counters
of Marbles, some 80 bytes each. A start is one of a process, up to its open ports.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import structlog
from ringtaw_coordinator.core.api import SecretUpload
from ringtaw_coordinator.core.attestation import SIMULATION
from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.core.counting import ActivationCounter
from ringtaw_coordinator.core.founding import found
from ringtaw_coordinator.core.loading import load
from ringtaw_coordinator.core.serving import Serving
from ringtaw_coordinator.core.state_machine import StateMachine
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.pki.authority import Intermediate
from ringtaw_coordinator.pki.marble import MarbleIssuer
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.state.files import FileStore
from ringtaw_coordinator.state.filesystem import FileSystem
from ringtaw_coordinator.state.model import Deployment, new_deployment
from ringtaw_coordinator.state.sealed_key import UnprotectedSealer
from ringtaw_coordinator.state.vault import Vault
from ringtaw_testkit.identities import self_signed

from benchmarks.processes import OURS

NAMES: Final = ("localhost",)
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
SECRETS: Final = 100
COUNTER_BYTES: Final = 80
"""That a Marble with one counter takes in the state."""
UUID: Final = "00000000-0000-0000-0000-000000000000"
USER: Final = self_signed("user")


def manifest(version: int = 0) -> bytes:
    """Return a manifest with a Marble that is limited, and a user who may change everything."""
    actions = {
        "Secrets": ["ReadSecret", "WriteSecret"],
        "Packages": ["UpdateSecurityVersion"],
        "Manifest": ["UpdateManifest"],
    }
    secrets = {f"s{number}": {"Type": "plain", "UserDefined": True} for number in range(SECRETS)}
    names = {"Secrets": list(secrets), "Packages": ["package"], "Manifest": []}
    roles = {
        kind: {"ResourceType": kind, "ResourceNames": names[kind], "Actions": allowed}
        for kind, allowed in actions.items()
    }
    document = {
        "Packages": {"package": {"SignerID": "aa" * 32, "ProductID": 1, "SecurityVersion": 1}},
        "Marbles": {
            "limited": {
                "Package": "package",
                "MaxActivations": 1_000_000_000,
                "Parameters": {"Argv": ["./limited", str(version)]},
            }
        },
        "Secrets": secrets,
        "Roles": roles,
        "Users": {"user": {"Certificate": USER.pem.decode(), "Roles": list(roles)}},
        "Config": {"FeatureGates": ["MonotonicCounter"]},
    }
    return json.dumps(document).encode()


def make_state(directory: Path, size: int) -> None:
    """Store a state of about this many bytes."""
    raw = manifest()
    loaded = load_manifest(raw).manifest
    deployment = filled(found(new_deployment(NAMES), raw, loaded), size)
    vault = Vault(FileStore(directory), UnprotectedSealer())
    vault.open()
    vault.establish(deployment, loaded)
    vault.close()


def filled(deployment: Deployment, size: int) -> Deployment:
    """Return the deployment with so many bytes of secrets and counters."""
    value = size * 3 // 4 // 2 // SECRETS  # as base64 a third more
    secrets = {f"s{number}": SecretValue(private=os.urandom(value)) for number in range(SECRETS)}
    counters = {
        f"00000000-0000-0000-0000-{number:012x} limited": {"transactions": number + 1}
        for number in range(size // 2 // COUNTER_BYTES)
    }
    return replace(deployment, secrets={**deployment.secrets, **secrets}, counters=counters)


@dataclass(frozen=True, slots=True)
class Changes:
    """Every kind of change, each made again and again."""

    coordinator: Coordinator
    counter: ActivationCounter
    serving: Callable[[], Serving]
    marble: bytes
    """A Marble's certificate."""

    async def activation(self, number: int) -> None:
        """Count an activation."""
        await self.counter.count(self.serving(), "limited")

    async def write_secret(self, number: int) -> None:
        """Set one secret."""
        await self.coordinator.write_secrets({"s0": SecretUpload(key=b"%d" % number)}, USER.der)

    async def set_counter(self, number: int) -> None:
        """Raise a Marble's counter."""
        await self.coordinator.set_counter("transactions", number + 2, self.marble)

    async def update_packages(self, number: int) -> None:
        """Raise a SecurityVersion."""
        raw = json.dumps({"Packages": {"package": {"SecurityVersion": number + 2}}})
        await self.coordinator.submit_update(raw.encode(), USER.der)

    async def update_manifest(self, number: int) -> None:
        """Update the whole manifest, which writes the state anew."""
        await self.coordinator.submit_update(manifest(number + 1), USER.der)


def measure_changes(directory: Path, repeat: int) -> dict[str, float]:
    """Return the median milliseconds of each kind of change."""
    return asyncio.run(_measure_changes(directory, repeat))


async def _measure_changes(directory: Path, repeat: int) -> dict[str, float]:
    vault = Vault(FileStore(directory), UnprotectedSealer())
    loaded = await asyncio.to_thread(load, vault)
    machine = StateMachine(vault, new_deployment(NAMES), loaded)
    coordinator = Coordinator(vault, SIMULATION, machine, software_tee=False)
    changes = Changes(
        coordinator,
        ActivationCounter(machine, vault),
        machine.accepting,
        _marble_certificate(machine.deployment.intermediate),
    )
    kinds = {
        "activation": (changes.activation, repeat),
        "secret": (changes.write_secret, repeat),
        "counter": (changes.set_counter, repeat),
        "packages": (changes.update_packages, repeat),
        "manifest": (changes.update_manifest, 3),
    }
    try:
        return {name: await _median(change, times) for name, (change, times) in kinds.items()}
    finally:
        await coordinator.close()


def _marble_certificate(intermediate: Intermediate) -> bytes:
    return MarbleIssuer(intermediate).issue("limited", UUID, ()).certificate


async def _median(change: Callable[[int], Awaitable[Any]], times: int) -> float:
    taken = []
    for number in range(times):
        begin = time.perf_counter()
        await change(number)
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken) * 1000


class _Hasty(FileSystem):
    """Does not wait for the disk: for what is prepared and not measured."""

    def sync(self, descriptor: int) -> None:
        pass


def _append(directory: Path, number: int, kind: str) -> None:
    """Make this many changes, so that the next start has to make them again."""
    vault = Vault(FileStore(directory, _Hasty()), UnprotectedSealer())
    deployment = vault.open().deployment
    assert deployment is not None  # noqa: S101 - it has just been made
    for count in range(number):
        if kind == "large":
            secrets = {**deployment.secrets, "s1": SecretValue(private=os.urandom(1 << 20))}
            vault.commit(replace(deployment, secrets=secrets), {"secrets": ["s1"]})
        else:
            following = replace(deployment, activations={"limited": count + 1})
            vault.commit(following, {"activations": ["limited"]})
    vault.close()


def measure_start(directory: Path) -> tuple[float, float]:
    """Return seconds from the start of the process to open ports, and its peak memory in MiB."""
    environ = {
        "EDG_COORDINATOR_MESH_ADDR": "127.0.0.1:0",
        "EDG_COORDINATOR_CLIENT_ADDR": "127.0.0.1:0",
        "EDG_COORDINATOR_SEAL_DIR": str(directory),
        "EDG_LOG_FORMAT": "json",
        "OE_SIMULATION": "1",
    }
    begin = time.perf_counter()
    with subprocess.Popen(OURS, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stderr or ():
                if '"event": "serving"' in line:
                    return time.perf_counter() - begin, _peak_memory(process.pid)
        finally:
            process.kill()
    raise SystemExit("the Coordinator did not start")


def _peak_memory(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main(argv: Sequence[str]) -> None:
    """Measure changes at every size, then starts at the largest."""
    parser = argparse.ArgumentParser(prog="./run bench durable-change", description=__doc__)
    parser.add_argument("--repeat", type=int, default=20, help="changes of a kind (default 20)")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="bytes (default 100 MB)")
    arguments = parser.parse_args(argv)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    sizes = [size for size in SIZES if size <= arguments.largest]
    print("milliseconds of a durable change, median, by the size of the state")
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="ringtaw-bench-") as name:
            make_state(Path(name), size)
            actual = Path(name, "sealed_data").stat().st_size
            taken = measure_changes(Path(name), arguments.repeat)
        columns = ", ".join(f"{kind} {ms:.1f}" for kind, ms in taken.items())
        print(f"  {actual:>11,} bytes: {columns}", flush=True)
    _starts(sizes)


def _starts(sizes: Sequence[int]) -> None:
    print("seconds from start to ready, and peak memory")
    for size, number, kind in [
        *((size, 0, "") for size in (sizes[0], sizes[-1])),
        (sizes[-1], 99_999, "small"),
        (sizes[-1], 11, "large"),
    ]:
        with tempfile.TemporaryDirectory(prefix="ringtaw-bench-") as name:
            make_state(Path(name), size)
            if number:
                _append(Path(name), number, kind)
            actual = Path(name, "sealed_data").stat().st_size
            seconds, memory = measure_start(Path(name))
        changes = f"{number:,} {kind} changes" if number else "no changes"
        print(f"  {actual:>11,} bytes, {changes}: {seconds:.2f} s, {memory:.0f} MiB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
