"""Does random things to Coordinators until they are killed.

``python -m tests.support.history_worker`` reads tasks, one JSON object a line: the kind of store
(``files`` or ``sqlite``), its path, a folder with the users' certificates (``NAME.pem``), a file
for the history and a seed. Each is worked on by a process of its own, whose number is the answer.

Each operation leaves two lines in the history: before it begins, and after its outcome is known.
Lines are written at once, so that they survive the process.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from ringtaw_coordinator.core.api import SecretUpload
from ringtaw_coordinator.core.attestation import SIMULATION
from ringtaw_coordinator.core.coordinator import Coordinator, open_coordinator
from ringtaw_coordinator.errors import CoordinatorError
from ringtaw_coordinator.logs import configure_logging
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.pki.marble import MarbleIssuer
from ringtaw_coordinator.state.files import FileStore
from ringtaw_coordinator.state.sealed_key import UnprotectedSealer
from ringtaw_coordinator.state.vault import Vault

from tests.support.deployments import NAMES, manifest, request
from tests.support.people import PACKAGES, role, served
from tests.support.sqlite_store import SQLiteStore

LIMITS = {"frontend": 150, "worker": 100_000}
UUID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
WIDTH = 4
"""Operations at a time."""
ROLES = {
    "update": role("Manifest", [], "UpdateManifest"),
    "raise": role("Packages", ["frontend"], "UpdateSecurityVersion"),
    "write": role("Secrets", ["text"], "WriteSecret", "ReadSecret"),
}


class People:
    """Users, whose certificates all processes of a test share."""

    def __init__(self, folder: Path) -> None:
        self._pem = {path.stem: path.read_text() for path in folder.glob("*.pem")}
        self.der = {
            name: load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
            for name, pem in self._pem.items()
        }

    def manifest(self, variant: str) -> bytes:
        """Return the manifest that is set at first, or one that may take its place."""
        marbles: dict[str, Any] = {
            name: {"Package": "frontend", "MaxActivations": limit} for name, limit in LIMITS.items()
        }
        marbles["frontend"]["Parameters"] = {"Env": {"VARIANT": variant}}
        roles = {"alice": ["update"], "bob": ["update"], "rita": ["raise", "write"]}
        return manifest(
            Packages=PACKAGES,
            Marbles=marbles,
            Roles=ROLES,
            Users={
                name: {"Certificate": self._pem[name], "Roles": given}
                for name, given in roles.items()
            },
            Secrets={"text": {"Type": "plain", "UserDefined": True}},
            Config={"FeatureGates": ["MonotonicCounter"]},
        )


class Worker:
    """Chooses operations by its seed, and tells about them."""

    def __init__(self, coordinator: Coordinator, people: People, history: int, seed: int) -> None:
        self._coordinator = coordinator
        self._people = people
        self._history = history
        self._random = random.Random(seed)  # noqa: S311 - a test that can be repeated
        self._seed = seed
        self._number = 0

    async def work(self) -> None:
        """Do one operation after the other, a few at a time, as long as the parent lives."""
        parent = os.getppid()

        async def one_after_the_other() -> None:
            while os.getppid() == parent:
                await self._one()

        await asyncio.gather(*(one_after_the_other() for _ in range(WIDTH)))

    async def _one(self) -> None:
        self._number += 1
        name = f"{self._seed}.{self._number}"
        weights = [weight for weight, _ in OPERATIONS.values()]
        (operation,) = self._random.choices(list(OPERATIONS), weights)
        drawn = self._random.randrange(1 << 30)
        self._tell({"name": name, "operation": operation, "drawn": drawn})
        try:
            call = Call(self._coordinator, self._people, name, drawn)
            result = await OPERATIONS[operation][1](call)
        except CoordinatorError as error:
            self._tell({"name": name, "refused": type(error).__name__, "text": str(error)})
        else:
            self._tell({"name": name, "result": result})

    def _tell(self, line: dict[str, Any]) -> None:
        line["time"] = time.monotonic_ns()
        os.write(self._history, json.dumps(line).encode() + b"\n")


@dataclass(frozen=True, slots=True)
class Call:
    """What an operation works with."""

    coordinator: Coordinator
    people: People
    name: str
    drawn: int


async def activate(call: Call) -> str:
    kind = "frontend" if call.drawn % 4 == 0 else "worker"
    await call.coordinator.activate(request(kind))
    return kind


async def count(call: Call) -> list[Any]:
    deployment = served(call.coordinator).deployment
    certificate = MarbleIssuer(deployment.intermediate).issue("worker", UUID, ()).certificate
    counter = f"counter {call.drawn % 3}"
    known = deployment.counters.get(f"{UUID} worker", {}).get(counter, 0)
    value = max(known + call.drawn % 7 - 2, 0)
    former = await call.coordinator.set_counter(counter, value, certificate)
    return [counter, former, value]


async def write(call: Call) -> str:
    upload = {"text": SecretUpload(key=call.name.encode())}
    await call.coordinator.write_secrets(upload, call.people.der["rita"])
    return call.name


async def raise_version(call: Call) -> int:
    package = served(call.coordinator).manifest.packages["frontend"]
    version = (package.security_version or 0) + call.drawn % 3
    raw = b'{"Packages": {"frontend": {"SecurityVersion": %d}}}' % version
    await call.coordinator.submit_update(raw, call.people.der["rita"])
    return version


async def propose(call: Call) -> str:
    raw = call.people.manifest(call.name)
    progress = await call.coordinator.submit_update(raw, call.people.der["alice"])
    assert progress.missing_acknowledgments == 1
    return call.name


async def acknowledge(call: Call) -> str:
    raw = call.coordinator.pending_update().manifest
    await call.coordinator.acknowledge_update(raw, call.people.der["bob"])
    return sha256(raw).hexdigest()


async def cancel(call: Call) -> None:
    await call.coordinator.cancel_update(call.people.der["alice"])


async def read_log(call: Call) -> list[Any]:
    log = served(call.coordinator).deployment.update_log
    return [len(log), sha256("\n".join(log).encode()).hexdigest()]


async def set_manifest(call: Call) -> str:
    await call.coordinator.set_manifest(call.people.manifest(call.name))
    return call.name


Operation = Callable[[Call], Awaitable[Any]]
OPERATIONS: dict[str, tuple[int, Operation]] = {
    "count": (60, count),
    "activate": (25, activate),
    "write": (5, write),
    "raise_version": (1, raise_version),
    "propose": (2, propose),
    "acknowledge": (2, acknowledge),
    "cancel": (1, cancel),
    "read_log": (3, read_log),
    "set_manifest": (1, set_manifest),
}


def vault_on(kind: str, path: Path) -> Vault:
    """Open a store."""
    store = FileStore(path) if kind == "files" else SQLiteStore(path)
    return Vault(store, UnprotectedSealer())


@dataclass(frozen=True, slots=True)
class Task:
    """What a process is to do."""

    kind: str
    store: str
    people: str
    history: str
    seed: int

    async def work(self) -> None:
        """Open the Coordinator, set the manifest if none is set, and do one thing after another."""
        people = People(Path(self.people))
        vault = vault_on(self.kind, Path(self.store))
        coordinator = await open_coordinator(vault, SIMULATION, NAMES)
        history = os.open(self.history, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with suppress(CoordinatorError):  # somebody did before
            await coordinator.set_manifest(people.manifest("first"))
        await Worker(coordinator, people, history, self.seed).work()


def main() -> None:
    """Start a process for each task; nobody waits for them."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    load_manifest(manifest())  # imports what it needs, once for all processes
    for line in sys.stdin:
        task = Task(**json.loads(line))
        child = os.fork()
        if child == 0:
            configure_logging(as_json=True, debug=False)
            asyncio.run(task.work())
            return
        print(child, flush=True)


if __name__ == "__main__":
    main()
