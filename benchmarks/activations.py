"""Activations per second, with latency, processor time and memory, beside a peer's Coordinator."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import OURS, running_coordinator

MANIFEST = Path(__file__).with_name("manifest.json")
MARBLE_TYPE = "service"


@dataclass(frozen=True, slots=True)
class Round:
    """One measured round."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    memory_mib: float
    answer_bytes: int


def main(argv: Sequence[str]) -> None:
    """Measure, alternating with the peer when there is one."""
    arguments = _parse(argv)
    server, load = _processors(arguments.cores)
    peers = {"ours": list(OURS)} | ({"peer": [arguments.peer]} if arguments.peer else {})
    manifest = limited_manifest() if arguments.limited else MANIFEST.read_bytes()
    print(
        f"{'counted ' if arguments.limited else ''}activations: {arguments.calls} calls a round, "
        f"{arguments.clients} at a time, a fresh TLS "
        f"connection each, P-384; Coordinator on {arguments.cores} core(s), load on its own"
    )
    rounds: dict[str, list[Round]] = {name: [] for name in peers}
    for number in range(arguments.rounds):
        for name, command in peers.items():
            measured = measure(command, manifest, arguments.calls, arguments.clients, server, load)
            rounds[name].append(measured)
            print(f"  round {number + 1} {name}: {describe(measured)}", flush=True)
    medians = {name: statistics.median(r.per_second for r in rounds[name]) for name in peers}
    for name, median in medians.items():
        print(f"  median {name}: {median:.0f} activations/s")
    if arguments.peer:
        ratios = [
            ours.per_second / peer.per_second
            for ours, peer in zip(rounds["ours"], rounds["peer"], strict=True)
        ]
        print(
            f"  ratio ours/peer: median {statistics.median(ratios):.2f} "
            f"(min {min(ratios):.2f}, max {max(ratios):.2f})"
        )


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench activations", description=__doc__)
    parser.add_argument("--peer", help="path of a peer's Coordinator binary, run alternately")
    parser.add_argument("--calls", type=int, default=1000, help="calls a round (default 1000)")
    parser.add_argument("--clients", type=int, default=8, help="at a time (default 8)")
    parser.add_argument(
        "--limited", action="store_true", help="count activations against MaxActivations"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default 3)")
    parser.add_argument(
        "--cores", type=int, default=1, help="processors the Coordinator may use (default 1)"
    )
    return parser.parse_args(argv)


def _processors(cores: int) -> tuple[set[int], str]:
    """Return the Coordinator's processors and the load's."""
    available = sorted(os.sched_getaffinity(0))
    if cores >= len(available):
        return set(available), "any"
    return set(available[:cores]), str(available[-1])


def limited_manifest() -> bytes:
    """Return the manifest with a limit, so that every activation is counted durably."""
    document = json.loads(MANIFEST.read_bytes())
    document["Marbles"][MARBLE_TYPE]["MaxActivations"] = 1_000_000
    return json.dumps(document).encode()


def measure(
    command: Sequence[str], manifest: bytes, calls: int, clients: int, server: set[int], load: str
) -> Round:
    """Run one round against a fresh Coordinator."""
    with running_coordinator(command, manifest, server) as coordinator:
        host, port = coordinator.mesh_address.rsplit(":", 1)
        before = coordinator.cpu_seconds()
        worker = [sys.executable, "-m", "benchmarks.load", host, port, MARBLE_TYPE]
        output = subprocess.run(
            [*worker, str(calls), str(clients), load],
            check=True,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
        ).stdout
        used = coordinator.cpu_seconds() - before
        result = json.loads(output)
        cuts = statistics.quantiles(result["latencies"], n=100)
        return Round(
            per_second=calls / result["seconds"],
            p50_ms=cuts[49] * 1000,
            p99_ms=cuts[98] * 1000,
            cpu_ms=used * 1000 / calls,
            memory_mib=coordinator.peak_memory_mib(),
            answer_bytes=result["bytes"],
        )


def describe(measured: Round) -> str:
    """Return one line for people."""
    return (
        f"{measured.per_second:.0f}/s, p50 {measured.p50_ms:.1f} ms, p99 {measured.p99_ms:.1f} ms, "
        f"{measured.cpu_ms:.2f} ms processor time a call, peak {measured.memory_mib:.0f} MiB, "
        f"answer {measured.answer_bytes} bytes"
    )
