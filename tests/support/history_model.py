"""What a history of operations allows: judges the state in which it ended.

An operation that began and has no outcome was cut off by a kill: it may have happened or not. What
was acknowledged has happened, between its beginning and its end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from ringtaw_coordinator.state.model import Deployment

from tests.support.history_worker import LIMITS, UUID, People


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that was asked for."""

    name: str
    kind: str
    began: int
    ended: int | None
    """Nanoseconds; None if it was cut off."""
    result: Any
    refused: str


def read(histories: Iterable[Path]) -> list[Operation]:
    """Return all operations, in the order in which they began."""
    begun: dict[str, dict[str, Any]] = {}
    ended: dict[str, dict[str, Any]] = {}
    for history in histories:
        for text in history.read_text().splitlines():
            line = json.loads(text)
            (begun if "operation" in line else ended)[line["name"]] = line
    found = [_operation(line, ended.get(name)) for name, line in begun.items()]
    return sorted(found, key=lambda operation: operation.began)


def _operation(begun: dict[str, Any], ended: dict[str, Any] | None) -> Operation:
    outcome = ended or {}
    return Operation(
        begun["name"],
        begun["operation"],
        begun["time"],
        outcome.get("time"),
        outcome.get("result"),
        outcome.get("refused", ""),
    )


def violations(operations: Sequence[Operation], final: Deployment, people: People) -> Iterator[str]:
    """Yield what the state cannot be after that history."""
    yield from _activations(operations, final)
    yield from _counters(operations, final)
    yield from _latest(operations, "write", final.secrets["text"].private.decode())
    yield from _versions(operations, final)
    yield from _manifest(operations, final, people)
    yield from _log(operations, final)


def _acknowledged(operations: Sequence[Operation], kind: str) -> list[Operation]:
    return [o for o in operations if o.kind == kind and o.ended is not None and not o.refused]


def _cut_off(operations: Sequence[Operation], kind: str) -> list[Operation]:
    return [o for o in operations if o.kind == kind and o.ended is None]


def _activations(operations: Sequence[Operation], final: Deployment) -> Iterator[str]:
    results = [o.result for o in _acknowledged(operations, "activate")]
    maybe = len(_cut_off(operations, "activate"))
    for kind, limit in LIMITS.items():
        count, sure = final.activations.get(kind, 0), results.count(kind)
        if not sure <= count <= min(sure + maybe, limit):
            yield f"{kind}: {count} activations counted, {sure} admitted, limit {limit}"


def _counters(operations: Sequence[Operation], final: Deployment) -> Iterator[str]:
    counters = final.counters.get(f"{UUID} worker", {})
    raised: dict[str, list[tuple[int, int]]] = {}
    for operation in _acknowledged(operations, "count"):
        name, former, value = operation.result
        if value > former:
            raised.setdefault(name, []).append((former, value))
        if max(former, value) > counters.get(name, 0):
            yield f"{name} went back to {counters.get(name, 0)}, it was {max(former, value)}"
    for name, steps in raised.items():
        steps.sort()
        for (_, value), (former, _) in pairwise(steps):
            if former < value:
                yield f"{name} was raised twice from the same value, to {value}"


def _latest(operations: Sequence[Operation], kind: str, value: str) -> Iterator[str]:
    """The value must be of an operation after which no other one has begun and ended."""
    done = _acknowledged(operations, kind)
    mine = [o for o in (*done, *_cut_off(operations, kind)) if o.name == value]
    if not mine:
        yield f"{value} is the outcome of no {kind}"
    for operation in mine:
        later = [o.name for o in done if operation.ended and o.began > operation.ended]
        if later:
            yield f"{value} is there, but {later[0]} came after it"


def _versions(operations: Sequence[Operation], final: Deployment) -> Iterator[str]:
    version = final.package_versions.get("frontend", 3)
    applied = [o.ended for o in _acknowledged(operations, "acknowledge") if o.ended]
    since = max(applied, default=0)  # an update of the manifest sets the version anew
    for operation in _acknowledged(operations, "raise_version"):
        if operation.began > since and operation.result > version:
            yield f"SecurityVersion is {version}, it was {operation.result}"


def _manifest(operations: Sequence[Operation], final: Deployment, people: People) -> Iterator[str]:
    names = ["first", *(o.name for o in operations if o.kind in ("propose", "set_manifest"))]
    by_hash = {sha256(people.manifest(name)).hexdigest(): name for name in names}
    found = by_hash.get(sha256(final.manifest).hexdigest())
    if found is None:
        yield "the manifest is none that was submitted"
    done = _acknowledged(operations, "acknowledge")
    mine = [o for o in done if by_hash.get(o.result) == found]
    cut_off = _cut_off(operations, "acknowledge")
    if found == "first" and done:
        yield "an update that was applied is not in force"
    for operation in mine:
        later = [o for o in done if operation.ended and o.began > operation.ended]
        if later and not cut_off:
            yield f"the manifest {found} is in force, but another one came after it"
    if len(_acknowledged(operations, "set_manifest")) > 1:
        yield "the first manifest was set more than once"


def _log(operations: Sequence[Operation], final: Deployment) -> Iterator[str]:
    log = final.update_log
    for operation in _acknowledged(operations, "read_log"):
        length, digest = operation.result
        if sha256("\n".join(log[:length]).encode()).hexdigest() != digest:
            yield f"the update log is not what it was at {length} entries"
    for kind, text in {"write": "Secret set", "propose": "proposed", "cancel": "cancelled"}.items():
        sure = len(_acknowledged(operations, kind))
        found = sum(text in json.loads(entry)["update"] for entry in log)
        if not sure <= found <= sure + len(_cut_off(operations, kind)):
            yield f"the update log has {found} entries {text!r}, {sure} were acknowledged"
    yield from _pending(log, final)


def _pending(log: Sequence[str], final: Deployment) -> Iterator[str]:
    """At most one update is pending at any time: proposed, then applied or cancelled."""
    pending = False
    for number, entry in enumerate(log):
        update = json.loads(entry)["update"]
        if "proposed" in update:
            if pending:
                yield f"entry {number}: proposed while another one was pending"
            pending = True
        elif "applied" in update or "cancelled" in update:
            if not pending:
                yield f"entry {number}: {update} without one pending"
            pending = False
    if pending != (final.proposal is not None):
        yield "the pending update is not the one of the log"
