"""What a Marble or user costs who needs little of a deployment that is large.

One Marble uses two secrets, one user may read and write one; beside them there are as many other
Marbles, users, secrets and counters as the columns say. In process, on a real state on disk: what
TLS and HTTP cost does not depend on the deployment. Processor time is that of all threads; it holds
on a machine that has other work to do, too. The time that passes includes the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from ringtaw_coordinator.core.api import ActivationRequest, SecretUpload
from ringtaw_coordinator.core.attestation import SIMULATION
from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.core.founding import found
from ringtaw_coordinator.core.loading import Loaded
from ringtaw_coordinator.core.serving import serve
from ringtaw_coordinator.core.state_machine import StateMachine
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.manifest.model import Manifest, User
from ringtaw_coordinator.pki.marble import MarbleIssuer
from ringtaw_coordinator.secrets.derive import symmetric
from ringtaw_coordinator.state.files import FileStore
from ringtaw_coordinator.state.model import Deployment, new_deployment
from ringtaw_coordinator.state.sealed_key import UnprotectedSealer
from ringtaw_coordinator.state.vault import Vault

MANIFEST: Final = b"""{
  "Packages": {"p": {"UniqueID": "%(id)s"}},
  "Marbles": {
    "unlimited": {"Package": "p", "Parameters": {"Env": {
      "KEY": "{{ hex .Secrets.key }}", "TEXT": "{{ string .Secrets.text }}"}}},
    "limited": {"Package": "p", "MaxActivations": 1000000}
  },
  "Secrets": {
    "key": {"Type": "symmetric-key", "Size": 128, "Shared": true},
    "text": {"Type": "plain", "UserDefined": true, "Private": "dGV4dA=="}
  },
  "Roles": {"all": {"ResourceType": "Secrets", "ResourceNames": ["text"],
    "Actions": ["ReadSecret", "WriteSecret"]}},
  "Config": {"FeatureGates": ["MonotonicCounter"]}
}""" % {b"id": b"aa" * 32}
SIZES: Final = (10, 1_000, 100_000)
USER: Final = b"certificate of the user"
UUID: Final = str(uuid.UUID(int=1))

Operation = Callable[[Coordinator, int], Awaitable[object]]


def main(argv: Sequence[str]) -> None:
    """Measure each operation in deployments of each size."""
    parser = argparse.ArgumentParser(prog="./run bench activation-scaling", description=__doc__)
    parser.add_argument("--calls", type=int, default=200, help="of each operation")
    calls = parser.parse_args(argv).calls
    quiet = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=quiet)
    print(f"medians of {calls} calls in ms: processor time (time that passes)")
    print(f"{'others of each kind':26}" + "".join(f"{size:>20,}" for size in SIZES))
    columns = [asyncio.run(_column(size, calls)) for size in SIZES]
    for name in columns[0]:
        cells = (f"{cpu:.2f} ({passed:.2f})" for cpu, passed in (c[name] for c in columns))
        print(f"{name:26}" + "".join(f"{cell:>20}" for cell in cells))


async def _column(size: int, calls: int) -> dict[str, tuple[float, float]]:
    async with _coordinator(size) as (coordinator, marble):
        operations: dict[str, Operation] = {
            "activation": lambda c, _: c.activate(_request("unlimited")),
            "activation, counted": lambda c, _: c.activate(_request("limited")),
            "read a secret": lambda c, _: c.read_secrets(["text"], USER),
            "set a secret": lambda c, n: c.write_secrets({"text": SecretUpload(b"%d" % n)}, USER),
            "raise a counter": lambda c, n: c.set_counter("c", n + 1, marble),
        }
        return {
            name: await _measure(coordinator, operation, calls)
            for name, operation in operations.items()
        }


async def _measure(
    coordinator: Coordinator, operation: Operation, calls: int
) -> tuple[float, float]:
    """Return the medians of processor time and of the time that passes, in ms."""
    times = []
    for number in range(calls):
        begin = time.process_time(), time.perf_counter()
        await operation(coordinator, number)
        times.append((time.process_time() - begin[0], time.perf_counter() - begin[1]))
    cpu, passed = (1000 * statistics.median(column) for column in zip(*times, strict=True))
    return cpu, passed


@asynccontextmanager
async def _coordinator(size: int) -> AsyncIterator[tuple[Coordinator, bytes]]:
    """Open one with that many others of each kind; yields a Marble's certificate, too.

    They are made in memory: a manifest as a file has limits.
    """
    manifest = load_manifest(MANIFEST).manifest
    deployment = _enlarged(found(new_deployment(["localhost"]), MANIFEST, manifest), size)
    manifest = _with_others(manifest, size)
    with tempfile.TemporaryDirectory() as directory:
        vault = Vault(FileStore(Path(directory)), UnprotectedSealer())
        vault.open()
        vault.establish(deployment, manifest)
        machine = StateMachine(vault, deployment, Loaded(serve(deployment, manifest)))
        coordinator = Coordinator(vault, SIMULATION, machine, software_tee=False)
        marble = MarbleIssuer(deployment.intermediate).issue("unlimited", UUID, ()).certificate
        yield coordinator, marble
        await coordinator.close()


def _enlarged(deployment: Deployment, size: int) -> Deployment:
    secrets = {f"secret{n}": symmetric(n.to_bytes(16, "big")) for n in range(size)}
    counters = {f"{uuid.UUID(int=n + 2)} marble{n}": {"c": n} for n in range(size)}
    return replace(deployment, secrets={**deployment.secrets, **secrets}, counters=counters)


def _with_others(manifest: Manifest, size: int) -> Manifest:
    key, marble = manifest.secrets["key"], manifest.marbles["limited"]
    others = {f"user{n}": User(n.to_bytes(600, "big"), ("all",)) for n in range(size)}
    return replace(
        manifest,
        marbles={**manifest.marbles, **{f"marble{n}": marble for n in range(size)}},
        secrets={**manifest.secrets, **{f"secret{n}": key for n in range(size)}},
        users={"user": User(USER, ("all",)), **others},
    )


_KEY: Final = ec.generate_private_key(ec.SECP256R1())
_CSR: Final = (
    x509.CertificateSigningRequestBuilder()
    .subject_name(x509.Name([]))
    .sign(_KEY, hashes.SHA256())
    .public_bytes(Encoding.DER)
)


def _request(marble_type: str) -> ActivationRequest:
    return ActivationRequest(b"", _CSR, marble_type, str(uuid.uuid4()), b"")
