"""Activations that are counted together."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.errors import StoreError, VerificationError

from tests.support.deployments import coordinator_in, manifest, request
from tests.support.disks import CountingFiles, FailingFiles

KINDS = {
    name: {"Package": "frontend", "MaxActivations": limit}
    for name, limit in {"a": 30, "b": 5, "c": 0}.items()
}
MANIFEST = manifest(Marbles=KINDS)


async def outcomes(coordinator: Coordinator, kinds: str) -> list[str]:
    """Activate all at once; returns what became of each."""
    tasks = [coordinator.activate(request(kind)) for kind in kinds]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    return [type(result).__name__ for result in results]


async def test_limits_hold_and_writes_are_shared(tmp_path: Path) -> None:
    files = CountingFiles()
    async with coordinator_in(tmp_path, files=files) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        before = files.steps.count("sync")
        found = await outcomes(coordinator, "ab" * 20 + "c")
        writes = (files.steps.count("sync") - before) // 2
    admitted = [kind for kind, what in zip("ab" * 20 + "c", found, strict=True) if "P" in what]
    assert (admitted.count("a"), admitted.count("b"), admitted.count("c")) == (20, 5, 1)
    assert found.count(VerificationError.__name__) == 15
    assert writes < 15
    async with coordinator_in(tmp_path) as coordinator:
        found = await outcomes(coordinator, "a" * 12 + "b")
        assert found.count("MarbleParameters") == 10


async def test_nobody_is_admitted_by_a_count_that_is_lost(tmp_path: Path) -> None:
    files = FailingFiles(0)
    async with coordinator_in(tmp_path, files=files) as coordinator:
        await coordinator.set_manifest(MANIFEST)
        files.failing = len(files.steps) + 1
        found = await outcomes(coordinator, "aaa")
        assert StoreError.__name__ in found
        lost = found.count(StoreError.__name__)
        found = await outcomes(coordinator, "a" * 30)
        assert found.count("MarbleParameters") == 27 + lost
