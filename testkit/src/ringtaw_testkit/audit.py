"""What code does to the world while it runs: files it writes, processes it starts, peers it calls.

Rests on Python's audit events (PEP 578), so it sees what happened and not only what is left::

    with recorded() as deeds:
        adapter.detect()
    assert not deeds.writes

Code that is no Python, such as a C library that opens a file itself, is not seen.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES: Final = frozenset(
    {
        "os.mkdir",
        "os.rename",
        "os.remove",
        "os.rmdir",
        "os.link",
        "os.symlink",
        "os.chmod",
        "os.chown",
        "os.truncate",
    }
)
_STARTS: Final = frozenset(
    {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork", "os.forkpty"}
)
_CALLS: Final = frozenset({"socket.connect", "socket.bind", "socket.sendto"})


@dataclass(slots=True)
class Deeds:
    """What was done: one line each, in order."""

    writes: list[str] = field(default_factory=list)
    """Files opened for writing, made, renamed or removed."""
    created: set[str] = field(default_factory=set)
    """Absolute paths of files and directories that may be new."""
    starts: list[str] = field(default_factory=list)
    """Processes, with their arguments: a secret in one is everybody's."""
    calls: list[str] = field(default_factory=list)
    """Connections."""

    def left_behind(self) -> list[str]:
        """Return those of :attr:`created` that are still there."""
        return sorted(path for path in self.created if os.path.lexists(path))


_recordings: Final[list[Callable[[str, tuple[Any, ...]], None]]] = []
_installed = threading.Event()


@contextmanager
def recorded() -> Iterator[Deeds]:
    """Record what this thread does, and threads that it starts, while the block runs."""
    if not _installed.is_set():
        _installed.set()
        sys.addaudithook(_hear)  # for good: there is no way to remove one
    deeds = Deeds()
    others = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
    existing: set[str] = set()

    def record(event: str, arguments: tuple[Any, ...]) -> None:
        if threading.get_ident() not in others:
            _note(deeds, existing, event, arguments)

    _recordings.append(record)
    try:
        yield deeds
    finally:
        _recordings.remove(record)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    for record in tuple(_recordings):
        record(event, arguments)


def _note(deeds: Deeds, existing: set[str], event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITING and not isinstance(path, int):
            _create(deeds, existing, path)
            deeds.writes.append(f"open {_text(path)}")
    elif event in _CHANGES:
        if event in ("os.mkdir", "os.rename", "os.link", "os.symlink"):
            _create(deeds, existing, arguments[0 if event == "os.mkdir" else 1])
        deeds.writes.append(f"{event} {_text(arguments[0])}")
    elif event in _STARTS:
        program_and_arguments = arguments[:2]  # what follows is its environment, which is its own
        deeds.starts.append(f"{event} {' '.join(map(_text, program_and_arguments))}".strip())
    elif event in _CALLS:
        deeds.calls.append(f"{event} {_text(arguments[1])}")


def _create(deeds: Deeds, existing: set[str], path: object) -> None:
    name = os.path.abspath(_text(path))
    if name in deeds.created or name in existing:
        return
    (existing if os.path.lexists(name) else deeds.created).add(name)


def _text(value: object) -> str:
    if isinstance(value, (str, bytes, os.PathLike)):
        return os.fsdecode(value)
    if isinstance(value, (list, tuple)):
        return " ".join(map(_text, value))
    return repr(value)
