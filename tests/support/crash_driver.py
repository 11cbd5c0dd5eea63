"""Kills an operation on the state at every step: ``python -m tests.support.crash_driver``.

Arguments: the operation, a directory with the state before it, and a directory that receives a
copy of the state for each crash, named by the step and whether the step was half done. The last
one, where nothing was killed, is named ``acknowledged``.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from ringtaw_coordinator.core.coordinator import Coordinator

from tests.support.deployments import coordinator_in, manifest, request
from tests.support.disks import CountingFiles, KillingFiles

LIMITED = {"MaxActivations": 1000}


async def set_manifest(coordinator: Coordinator) -> None:
    await coordinator.set_manifest(manifest(marble=LIMITED, env={"A": "after"}))


async def activate(coordinator: Coordinator) -> None:
    await coordinator.activate(request())


async def start_anew_without_sealing(coordinator: Coordinator) -> None:
    await coordinator.set_manifest(manifest(marble=LIMITED, Config={"SealMode": "Disabled"}))


OPERATIONS: dict[str, Callable[[Coordinator], Awaitable[None]]] = {
    operation.__name__: operation
    for operation in (set_manifest, activate, start_anew_without_sealing)
}


def main(operation: str, before: Path, results: Path) -> None:
    """Run the operation once undisturbed, then crash at every step it had."""
    undisturbed = results / "acknowledged"
    shutil.copytree(before, undisturbed)
    listing = results / "steps"
    if _crash(operation, undisturbed, KillingFiles(0), listing):
        raise SystemExit("the operation was killed by somebody else")
    for number, step in enumerate(listing.read_text().splitlines(), start=1):
        for torn in (False, True) if step == "write" else (False,):
            directory = results / f"{number} {step}{', torn' if torn else ''}"
            shutil.copytree(before, directory)
            if not _crash(operation, directory, KillingFiles(number, torn=torn), listing):
                raise SystemExit(f"the operation survived {directory.name}")
    listing.unlink()


def _crash(operation: str, directory: Path, files: CountingFiles, listing: Path) -> bool:
    """Run the operation in a process of its own; return whether it was killed."""
    child = os.fork()
    if child == 0:
        asyncio.run(_run(operation, directory, files))
        listing.write_text("\n".join(files.steps))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if status and not killed:
        raise SystemExit(f"{directory.name}: ended with status {status}")
    return killed


async def _run(operation: str, directory: Path, files: CountingFiles) -> None:
    async with coordinator_in(directory, files=files) as coordinator:
        await OPERATIONS[operation](coordinator)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
