"""Requests per second to the client API, with latency and processor time, beside a peer's."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.processes import OURS, RunningCoordinator, running_coordinator

SECRETS: Final = [f"secret{number:03}" for number in range(100)]
PATHS: Final = {
    "status": "/api/v2/status",
    "manifest": "/api/v2/manifest",
    "secrets": "/api/v2/secrets?" + "&".join(f"s={name}" for name in SECRETS),
}
CONNECTIONS: Final = {"new": 1, "keep": 4}
"""A new connection for each request or one for all, and how many times as many requests."""


@dataclass(frozen=True, slots=True)
class Round:
    """One measured round."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    answer_bytes: int

    def __str__(self) -> str:
        return (
            f"{self.per_second:6.0f}/s, p50 {self.p50_ms:5.2f} ms, p99 {self.p99_ms:5.2f} ms, "
            f"{self.cpu_ms:.3f} ms of processor each, {self.answer_bytes} bytes"
        )


def main(argv: Sequence[str]) -> None:
    """Measure, alternating with the peer when there is one."""
    arguments = _parse(argv)
    peers = {"ours": list(OURS)} | ({"peer": [arguments.peer]} if arguments.peer else {})
    print(
        f"client API: {arguments.calls} requests a round on new connections, "
        f"{CONNECTIONS['keep'] * arguments.calls} on kept ones, {arguments.clients} at a time; "
        + (
            "Coordinator on one core, load on another"
            if arguments.cores == "one"
            else "on all cores"
        )
    )
    with tempfile.TemporaryDirectory(prefix="ringtaw-bench-") as directory:
        user = Path(directory, "user.pem")
        manifest = _manifest(user)
        rounds: dict[tuple[str, str, str], list[Round]] = {}
        for _ in range(arguments.rounds):
            for name, command in peers.items():
                for key, measured in _measure(command, manifest, user, arguments).items():
                    rounds.setdefault((*key, name), []).append(measured)
    _report(rounds, with_peer=bool(arguments.peer))


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench client-api", description=__doc__)
    parser.add_argument("--peer", help="path of a peer's Coordinator binary, run alternately")
    parser.add_argument("--calls", type=int, default=1000, help="requests a round (default 1000)")
    parser.add_argument("--clients", type=int, default=8, help="at a time (default 8)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default 3)")
    parser.add_argument(
        "--cores",
        choices=("one", "all"),
        default="one",
        help="what a Coordinator runs on: one, and the load on another (default), or all, with it",
    )
    return parser.parse_args(argv)


def _manifest(user: Path) -> bytes:
    """Write a user's key and certificate; return a manifest that lets it read 100 secrets."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "user")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    pem = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    user.touch(0o600)
    user.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + pem)
    secret = {"Type": "symmetric-key", "Size": 256, "Shared": True}
    role = {"ResourceType": "Secrets", "ResourceNames": SECRETS, "Actions": ["ReadSecret"]}
    document = {
        "Packages": {"service": {"UniqueID": "aa" * 32, "Debug": True}},
        "Marbles": {"service": {"Package": "service"}},
        "Secrets": dict.fromkeys(SECRETS, secret),
        "Users": {"user": {"Certificate": pem.decode(), "Roles": ["reader"]}},
        "Roles": {"reader": role},
    }
    return json.dumps(document).encode()


def _measure(
    command: Sequence[str], manifest: bytes, user: Path, arguments: argparse.Namespace
) -> dict[tuple[str, str], Round]:
    """Ask a fresh Coordinator for everything, in both manners."""
    available = sorted(os.sched_getaffinity(0))
    server, load = {available[0]}, str(available[-1])
    if arguments.cores == "all":
        server, load = set(available), "any"
    with running_coordinator(command, manifest, server) as coordinator:
        return {
            (what, connections): _round(
                coordinator, path, user, connections, factor * arguments.calls, arguments, load
            )
            for what, path in PATHS.items()
            for connections, factor in CONNECTIONS.items()
        }


def _round(
    coordinator: RunningCoordinator,
    path: str,
    user: Path,
    connections: str,
    calls: int,
    arguments: argparse.Namespace,
    load: str,
) -> Round:
    host, port = coordinator.client_address
    worker = [sys.executable, "-m", "benchmarks.client_load", host, str(port), path, str(user)]
    before = coordinator.cpu_seconds()
    output = subprocess.run(
        [*worker, str(calls), str(arguments.clients), load, connections],
        check=True,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    ).stdout
    used = coordinator.cpu_seconds() - before
    result = json.loads(output)
    latencies = statistics.quantiles(result["latencies"], n=100)
    return Round(
        per_second=calls / result["seconds"],
        p50_ms=1000 * latencies[49],
        p99_ms=1000 * latencies[98],
        cpu_ms=1000 * used / calls,
        answer_bytes=result["bytes"],
    )


def _report(rounds: dict[tuple[str, str, str], list[Round]], *, with_peer: bool) -> None:
    """Print the median round of each, and the ratios of the rounds that ran side by side."""
    for (what, connections, name), measured in rounds.items():
        median = sorted(measured, key=lambda r: r.per_second)[len(measured) // 2]
        print(f"  {what:8} {connections:4} {name:4}: {median}")
        if with_peer and name == "peer":
            ours = rounds[what, connections, "ours"]
            pairs = list(zip(ours, measured, strict=True))
            rate = statistics.median(a.per_second / b.per_second for a, b in pairs)
            tail = statistics.median(a.p99_ms / b.p99_ms for a, b in pairs)
            print(f"  {'':13} ours/peer: {rate:.2f} of the rate, {tail:.2f} of the p99")


if __name__ == "__main__":
    main(sys.argv[1:])
