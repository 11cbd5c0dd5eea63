"""Fixtures for tests of adapters; pytest finds them by itself where the testkit is installed.

Everything is imported when a fixture is used, so that other tests pay nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ringtaw_testkit.platform import MakeBelievePlatform
    from ringtaw_testkit.simulator import CoordinatorSimulator


@pytest.fixture
def ringtaw_coordinator() -> Iterator[CoordinatorSimulator]:
    """A Coordinator that does what the test says."""
    from ringtaw_testkit.simulator import CoordinatorSimulator

    with CoordinatorSimulator() as simulator:
        yield simulator


@pytest.fixture
def ringtaw_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeBelievePlatform]:
    """A platform that makes quotes and keys, on a software TEE."""
    from ringtaw_testkit.platform import MakeBelievePlatform

    with MakeBelievePlatform(tmp_path_factory.mktemp("platform")) as platform:
        yield platform


@dataclass(slots=True)
class LeakCheck:
    """What a test says to the leak check."""

    secrets: list[bytes] = field(default_factory=list)

    def secret(self, value: bytes) -> bytes:
        """Return the value; from now on nobody may see it but its owner."""
        self.secrets.append(value)
        return value


@pytest.fixture
def ringtaw_leaks(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Iterator[LeakCheck]:
    """Fail the test if it leaves anything behind, or tells one of its secrets.

    Looked at: environment, descriptors, threads, children, working directory, umask, signal
    handlers, files outside ``tmp_path``; for secrets also logs, output, arguments of processes and
    files below ``tmp_path`` that others may read.
    """
    from ringtaw_testkit.audit import recorded
    from ringtaw_testkit.leaks import LeakError, Snapshot, secrets_in_files, secrets_told, tells

    check = LeakCheck()
    before = Snapshot.take()
    with recorded() as deeds:
        yield check
    leaks = Snapshot.take().leaks_since(before)
    stays = [path for path in deeds.left_behind() if not Path(path).is_relative_to(tmp_path)]
    leaks += [f"the file {path} was left behind" for path in stays]
    leaks += secrets_told(check.secrets, deeds)
    leaks += secrets_in_files(check.secrets, tmp_path)
    printed = capfd.readouterr()
    logged = "\n".join(record.getMessage() for record in caplog.get_records("call"))
    for place, text in (("output", printed.out + printed.err), ("a log", logged)):
        if tells(text, check.secrets):
            leaks.append(f"a secret is in {place}")
    if leaks:
        raise LeakError(leaks)
