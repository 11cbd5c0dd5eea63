"""Random histories of real processes that are killed: the state in the end is one they allow.

Each history can be repeated by its seed, but for the moments at which processes are killed.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.history_model import Operation, read, violations
from tests.support.history_worker import People, vault_on
from tests.support.people import person

PROJECT = Path(__file__).parents[2]
OPERATIONS = 5_000
"""Of each kind of store."""
LIFE = 300
"""Operations until a process is killed, at most, divided among those that work at once.

Not seconds: on a busy machine they would pass before anything is done.
"""
PATIENCE = 60.0
"""Seconds within which something is done."""
AT_ONCE = {"files": 1, "sqlite": 3}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory, if there is one: a kill leaves there what it leaves on a disk."""
    memory = Path("/dev/shm")
    base = memory if os.access(memory, os.W_OK) else None
    path = Path(tempfile.mkdtemp(prefix="ringtaw-history-", dir=base))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def is_there(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


class History:
    """Processes that work on one state."""

    def __init__(self, kind: str, folder: Path, seed: int) -> None:
        self.kind = kind
        self.store = folder / "state"
        self._folder = folder
        self._random = random.Random(seed)  # noqa: S311 - a test that can be repeated
        self._started = 0
        certificates = folder / "people"
        certificates.mkdir()
        for name in ("alice", "bob", "rita"):
            (certificates / f"{name}.pem").write_bytes(person(name).pem)
        self.people = People(certificates)

    def run(self, operations: int) -> None:
        """Start processes, and kill them, until there are as many operations."""
        command = [sys.executable, "-m", "tests.support.history_worker"]
        with (
            (self._folder / "log").open("wb") as log,
            subprocess.Popen(
                command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            ) as nursery,
        ):
            working = [self._start(nursery) for _ in range(AT_ONCE[self.kind])]
            try:
                while self._count() < 2 * operations:
                    self._let_work(self._random.randrange(LIFE) // len(working), working)
                    self._kill(working.pop(0))
                    working.append(self._start(nursery))
            finally:  # nobody else would ever end them
                for process in working:
                    self._kill(process)

    def read(self) -> list[Operation]:
        return read(self._folder.glob("*.history"))

    def _start(self, nursery: subprocess.Popen[bytes]) -> int:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        self._started += 1
        task = {
            "kind": self.kind,
            "store": str(self.store),
            "people": str(self._folder / "people"),
            "history": str(self._folder / f"{self._started}.history"),
            "seed": self._random.randrange(1 << 30),
        }
        nursery.stdin.write(json.dumps(task).encode() + b"\n")
        nursery.stdin.flush()
        return int(nursery.stdout.readline())

    def _let_work(self, operations: int, working: list[int]) -> None:
        """Wait until so many more have begun or ended, and a moment longer."""
        done = before = self._count()
        deadline = time.monotonic() + PATIENCE
        while done < before + 2 * operations and all(map(is_there, working)):
            if (now := self._count()) > done:
                done, deadline = now, time.monotonic() + PATIENCE
            assert time.monotonic() < deadline, "nobody does anything any more"
            time.sleep(0.01)
        time.sleep(self._random.uniform(0, 0.02))

    def _kill(self, process: int) -> None:
        """Nobody else ends a process: one that is not there any more has failed."""
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pytest.fail((self._folder / "log").read_text()[-5000:])
        while is_there(process):
            time.sleep(0.001)

    def _count(self) -> int:
        """Return how many lines the histories have: two for an operation."""
        return sum(path.read_bytes().count(b"\n") for path in self._folder.glob("*.history"))


@pytest.mark.parametrize("kind", list(AT_ONCE))
def test_state_is_one_that_the_history_allows(kind: str, folder: Path) -> None:
    seed = int(os.environ.get("RINGTAW_TEST_SEED", str(time.time_ns() % (1 << 30))))
    print(f"RINGTAW_TEST_SEED={seed}")
    history = History(kind, folder, seed)
    history.run(OPERATIONS)
    operations = history.read()
    opened = vault_on(kind, history.store).open()
    assert opened.deployment is not None, opened.locked
    assert list(violations(operations, opened.deployment, history.people)) == []
    cut_off = [operation for operation in operations if operation.ended is None]
    done = {o.kind for o in operations if o.ended is not None and not o.refused}
    assert cut_off
    assert done >= {"count", "activate", "write", "raise_version", "propose", "acknowledge"}
    assert done >= {"cancel", "read_log"}
