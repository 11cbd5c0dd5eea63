"""Calls hooks of one adapter and tells what they did; run as a program, also inside a runtime.

``python -m ringtaw_testkit._probe ADAPTER SIDE`` reads a JSON object per line: ``hook`` and
``arguments``, ``environ`` to set meanwhile. For each it writes one: ``result`` or ``error``, and
``leaks``, ``writes``, ``starts``, ``calls``, ``reads`` (environment variables), ``output``,
``milliseconds``. Bytes are hexadecimal digits.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from enum import Enum
from typing import Any, Final, TextIO, cast

from ringtaw_premain.errors import AdapterError, PremainError
from ringtaw_premain.hookspecs import (
    PROJECT,
    Adapter,
    FileWrite,
    KeyBinding,
    LaunchRequest,
    RuntimeHooks,
)
from ringtaw_premain.plugins import Runtime, installed_adapters, load_adapter
from ringtaw_premain.runtime import load_reference

from ringtaw_testkit.audit import recorded
from ringtaw_testkit.leaks import Snapshot, secrets_told, tells

Arguments = Mapping[str, Any]
Answer = dict[str, object]
Call = Callable[[Arguments], object]


def main(name: str, side: str) -> None:
    """Answer requests until there are no more."""
    answers, output = _apart_from_output()
    loaded = _attempt(lambda _: _load(name, side), {})
    calls = cast("dict[str, Call]", loaded.pop("result", {}))
    _write(answers, {**loaded, "result": sorted(calls)} if calls else loaded)
    for line in sys.stdin:
        _write(answers, _observed(calls, json.loads(line), output))


def _apart_from_output() -> tuple[TextIO, TextIO]:
    """Keep the pipe for answers; what adapters print goes to a file that is looked at."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    output = tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    return answers, output


def _load(name: str, side: str) -> dict[str, Call]:
    adapter = load_adapter(installed_adapters()[name])
    return _runtime_calls(adapter) if side == "runtime" else _build_calls(adapter)


def _runtime_calls(adapter: Adapter) -> dict[str, Call]:
    runtime = Runtime(adapter)
    side = load_reference(adapter.name, str(adapter.runtime))
    calls: dict[str, Call] = {
        "detect": lambda _: runtime.detect(),
        "issue_evidence": lambda given: runtime.issue_evidence(bytes.fromhex(given["report_data"])),
        "sealing_key": lambda given: runtime.sealing_key(KeyBinding(given["binding"])),
        "order_files": lambda given: _order_files(runtime, given["files"]),
        "launch_spec": lambda given: asdict(runtime.launch_spec(_launch_request(given))),
    }
    hooks = [name for name in vars(RuntimeHooks) if not name.startswith("_")]
    present = {hook for hook in hooks if hasattr(getattr(side, hook, None), f"{PROJECT}_impl")}
    unmarked = [hook for hook in hooks if hook not in present and hasattr(side, hook)]
    return {hook: calls[hook] for hook in hooks if hook in present} | {
        "unmarked": lambda _: unmarked,
        "others_detected": lambda _: _others_detected(adapter.name),
    }


def _others_detected(name: str) -> list[str]:
    found = []
    for entry in installed_adapters().values():
        try:
            adapter = load_adapter(entry)
            if entry.name != name and adapter.runtime and Runtime(adapter).detect():
                found.append(f"{entry.name} of {entry.distribution}")
        except PremainError:
            continue  # another adapter's trouble is its own
    return found


def _order_files(runtime: Runtime, files: Mapping[str, str]) -> list[list[str]]:
    given = {path: bytes.fromhex(content) for path, content in files.items()}
    copy = dict(given)
    writes: list[FileWrite] = list(runtime.order_files(given))
    if given != copy:
        raise AssertionError("order_files changed what it was given")
    return [[write.path, write.content.hex(), write.mode.value] for write in writes]


def _launch_request(given: Arguments) -> LaunchRequest:
    return LaunchRequest(
        argv=tuple(given["argv"]),
        environ=dict(given["environ"]),
        command_line=tuple(given["command_line"]),
        arguments=tuple(given["arguments"]),
    )


def _build_calls(adapter: Adapter) -> dict[str, Call]:
    from ringtaw_testkit._probe_build import build_calls

    calls: dict[str, Call] = build_calls(adapter)
    return calls


def _observed(calls: Mapping[str, Call], request: Arguments, output: TextIO) -> Answer:
    given = request["arguments"]
    secrets = [bytes.fromhex(secret) for secret in request["secrets"]]
    with _variables(request["environ"]):
        before = Snapshot.take()
        with recorded() as deeds, _reads() as reads:
            begin = time.perf_counter()
            answer = _attempt(calls[request["hook"]], given)
            milliseconds = (time.perf_counter() - begin) * 1000
        told = secrets_told(secrets, deeds)
        leaks = Snapshot.take().leaks_since(before)
    leaks += [f"the file {path} was left behind" for path in deeds.left_behind()]
    printed = _printed(output)
    if tells(printed, secrets):
        told.append("a secret was printed")
    if tells(json.dumps(answer.get("error", "")), secrets):
        told.append("a secret is in the text of an error")
    return answer | {
        "leaks": leaks,
        "told": told,
        "writes": deeds.writes,
        "starts": deeds.starts,
        "calls": deeds.calls,
        "reads": sorted(reads),
        "output": printed,
        "milliseconds": milliseconds,
    }


def _attempt(call: Call, given: Arguments) -> Answer:
    try:
        return {"result": call(given)}
    except Exception as error:
        return {"error": _described(error)}


def _described(error: Exception) -> Answer:
    """Say what the error is, and whose: the host wraps what the contract does not know."""
    wrapped = isinstance(error, AdapterError) and error.__cause__ is not None
    foreign = error.__cause__ if wrapped else None if isinstance(error, PremainError) else error
    chain: list[str] = []
    link: BaseException | None = error
    while link is not None and len(chain) < 10:
        chain.append(f"{type(link).__name__}: {link}")
        link = link.__cause__ or link.__context__
    return {
        "type": type(error).__name__,
        "kinds": [kind.__name__ for kind in type(error).__mro__],
        "foreign": type(foreign).__name__ if foreign else "",
        "text": str(error),
        # What the host tells of foreign errors is their type; their text stays with them.
        "told": chain[:1] if foreign else chain,
    }


@contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    kept = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _reads() -> Iterator[set[str]]:
    """Note which environment variables are read, whoever holds ``os.environ`` since when."""
    reads: set[str] = set()
    plain = type(os.environ)

    class Noting(plain):  # type: ignore[misc, valid-type]  # the class is os's own and private
        def __getitem__(self, name: str) -> str:
            reads.add(name)
            return cast("str", super().__getitem__(name))

    os.environ.__class__ = Noting
    try:
        yield reads
    finally:
        os.environ.__class__ = plain


def _printed(output: TextIO) -> str:
    sys.stdout.flush()
    sys.stderr.flush()
    end = os.lseek(output.fileno(), 0, os.SEEK_END)
    content = os.pread(output.fileno(), min(end, 1 << 16), 0)
    os.ftruncate(output.fileno(), 0)
    os.lseek(output.fileno(), 0, os.SEEK_SET)
    return os.fsdecode(content)


def _write(answers: TextIO, answer: Answer) -> None:
    answers.write(json.dumps(answer, default=_plain) + "\n")
    answers.flush()


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return value.value
    return dict(cast("Mapping[str, object]", value))


_USAGE: Final = 3

if __name__ == "__main__":
    if len(sys.argv) != _USAGE:
        sys.exit("usage: python -m ringtaw_testkit._probe ADAPTER SIDE")
    main(*sys.argv[1:])
