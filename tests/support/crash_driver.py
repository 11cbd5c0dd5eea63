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

from ringtaw_coordinator.core.api import SecretUpload
from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.pki.authority import Intermediate
from ringtaw_coordinator.pki.marble import MarbleIssuer
from ringtaw_coordinator.state import written

from tests.support.deployments import coordinator_in, manifest, request
from tests.support.disks import CountingFiles, KillingFiles
from tests.support.people import served

LIMITED = {"MaxActivations": 1000}
UUID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
SECRET = "TEST_RECOVERY_SECRET"
"""Variable with a recovery secret and its signature, both in hexadecimal, with a space between."""
COUNTED = "counted"
"""File beside the state that has a byte for each activation that was acknowledged."""
CHANGES = 150
"""Bytes of changes, two of activate_often's, before the state is written anew."""


async def set_manifest(coordinator: Coordinator) -> None:
    await coordinator.set_manifest(manifest(marble=LIMITED, env={"A": "after"}))


async def activate(coordinator: Coordinator) -> None:
    await coordinator.activate(request())


async def start_anew_without_sealing(coordinator: Coordinator) -> None:
    await coordinator.set_manifest(manifest(marble=LIMITED, Config={"SealMode": "Disabled"}))


async def write_secret(coordinator: Coordinator) -> None:
    await coordinator.write_secrets({"text": SecretUpload(key=b"after")}, user(coordinator, "rita"))


async def update_packages(coordinator: Coordinator) -> None:
    raw = b'{"Packages": {"frontend": {"SecurityVersion": 9}}}'
    await coordinator.submit_update(raw, user(coordinator, "rita"))


async def propose(coordinator: Coordinator) -> None:
    await coordinator.submit_update(coordinator.manifest().raw + b"\n", user(coordinator, "alice"))


async def acknowledge(coordinator: Coordinator) -> None:
    raw = coordinator.pending_update().manifest
    await coordinator.acknowledge_update(raw, user(coordinator, "bob"))


async def cancel(coordinator: Coordinator) -> None:
    await coordinator.cancel_update(user(coordinator, "bob"))


async def raise_counter(coordinator: Coordinator) -> None:
    marble_root, intermediate, _ = coordinator.mesh_identity.chain
    key = coordinator.mesh_identity.private_key
    issuer = MarbleIssuer(Intermediate(intermediate, marble_root, key))
    await coordinator.set_counter("c", 9, issuer.issue("frontend", UUID, ()).certificate)


async def recover(coordinator: Coordinator) -> None:
    secret, signature = map(bytes.fromhex, os.environ[SECRET].split())
    await coordinator.recover(secret, signature)


async def recover_and_activate(coordinator: Coordinator) -> None:
    await recover(coordinator)
    await coordinator.activate(request())


async def activate_often(coordinator: Coordinator) -> None:
    """Activate until the state has been written anew, and once more."""
    for _ in range(4):
        await coordinator.activate(request())
        with Path(COUNTED).open("a") as file:
            file.write("+")


def user(coordinator: Coordinator, name: str) -> bytes:
    return served(coordinator).manifest.users[name].certificate


OPERATIONS: dict[str, Callable[[Coordinator], Awaitable[None]]] = {
    operation.__name__: operation
    for operation in (
        set_manifest,
        activate,
        start_anew_without_sealing,
        write_secret,
        update_packages,
        propose,
        acknowledge,
        cancel,
        raise_counter,
        recover,
        recover_and_activate,
        activate_often,
    )
}


def main(operation: str, before: Path, results: Path) -> None:
    """Run the operation once undisturbed, then crash at every step it had."""
    load_manifest(manifest())  # imports what it needs, once for all children
    if operation == activate_often.__name__:
        vars(written)["MAX_CHANGES"] = CHANGES
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
        os.chdir(directory)
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
