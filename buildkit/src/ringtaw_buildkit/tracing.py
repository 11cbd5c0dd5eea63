"""Logs hook calls while an adapter is made: arguments, result, duration; never a secret.

Public. Works on both sides: :class:`ringtaw_premain.runtime.Runtime` and
:class:`ringtaw_buildkit.adapters.BuildSide`. What is shown of a value:

* nothing of bytes but their number, nothing of a mapping but its keys;
* nothing of a dataclass's fields that are left out of its repr;
* nothing of long or multi-line text but its length: it is the content of a file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Final, Protocol, TextIO

import pluggy
from ringtaw_premain.errors import PremainError

_LONGEST: Final = 200
_MOST: Final = 10


class Side(Protocol):
    """One side of an adapter, as its facade holds it."""

    name: str
    manager: pluggy.PluginManager


def trace_hooks(side: Side, stream: TextIO) -> Callable[[], None]:
    """Write two lines per hook call to the stream, until the returned function is called."""
    started: list[float] = []

    def before(hook: str, _implementations: object, arguments: Mapping[str, object]) -> None:
        given = ", ".join(f"{name}={describe(value)}" for name, value in arguments.items())
        _write(stream, f"hook adapter({side.name}): {hook}({given})")
        started.append(time.perf_counter())

    def after(
        outcome: pluggy.Result[Any], hook: str, _implementations: object, _arguments: object
    ) -> None:
        milliseconds = (time.perf_counter() - started.pop()) * 1000
        told = _outcome(outcome)
        _write(stream, f"hook adapter({side.name}): {hook} {told} after {milliseconds:.1f} ms")

    return side.manager.add_hookcall_monitoring(before, after)


def describe(value: object) -> str:
    """Return what may be shown of a value, on one line."""
    match value:
        case None | bool() | int() | float():
            return repr(value)
        case Enum():
            return str(value)
        case str():
            short = len(value) <= _LONGEST and "\n" not in value
            return repr(value) if short else f"<text of {len(value)} characters>"
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"
        case Mapping():
            return f"{{{_some([f'{key!s}: …' for key in value])}}}"
        case Sequence():
            return f"[{_some([describe(item) for item in value])}]"
    if is_dataclass(value) and not isinstance(value, type):
        shown = [f"{f.name}={_field(f.repr, getattr(value, f.name))}" for f in fields(value)]
        return f"{type(value).__name__}({', '.join(shown)})"
    return f"<{type(value).__name__}>"


def _field(is_shown: bool, value: object) -> str:
    return describe(value) if is_shown else "<hidden>"


def _some(items: Sequence[str]) -> str:
    more = len(items) - _MOST
    return ", ".join([*items[:_MOST], f"{more} more"] if more > 0 else items)


def _outcome(outcome: pluggy.Result[Any]) -> str:
    match outcome.exception:
        case None:
            return f"returned {describe(outcome.get_result())}"
        case PremainError() as error:
            return f"raised {type(error).__name__}: {error}"
    return f"raised {type(outcome.exception).__name__}"


def _write(stream: TextIO, line: str) -> None:
    stream.write(f"{line}\n")
    stream.flush()
