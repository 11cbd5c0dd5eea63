"""Leak checks: fail a test whose code leaves something behind or tells a secret.

    with no_leaks(secrets=[KEY]):
        runtime.order_files({"/dev/keys/default": KEY})

A process has more than its result: its environment, file descriptors, threads, children, working
directory, umask, signal handlers, temporary files. What the block changed of them and did not
change back is a :class:`LeakError` that lists all of it. Secrets are looked for in everything that
others can see, in the forms in which they get there. Linux only, as the premain is.
"""

from __future__ import annotations

import base64
import os
import signal
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringtaw_testkit.audit import Deeds, recorded

_OTHERS: Final = 0o077
_MAX_FILE: Final = 1 << 20
_NOBODYS: Final = frozenset({"PYTEST_CURRENT_TEST"})
"""Variables that pytest changes under the code that is watched."""


class LeakError(AssertionError):
    """Something was left behind or told; ``leaks`` has a line for each."""

    def __init__(self, leaks: list[str]) -> None:
        super().__init__("leaks: " + "; ".join(leaks))
        self.leaks = leaks


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What this process has, apart from its memory."""

    environment: Mapping[str, str]
    descriptors: Mapping[int, str]
    threads: frozenset[str]
    children: frozenset[int]
    working_directory: str
    umask: int
    signals: Mapping[signal.Signals, object]

    @classmethod
    def take(cls) -> Snapshot:
        """Look at this process."""
        umask = os.umask(0o077)
        os.umask(umask)
        return cls(
            environment={name: os.environ[name] for name in os.environ if name not in _NOBODYS},
            descriptors=_descriptors(),
            threads=frozenset(
                f"{thread.name} ({thread.ident})" for thread in threading.enumerate()
            ),
            children=frozenset(_children()),
            working_directory=os.getcwd(),
            umask=umask,
            signals={number: signal.getsignal(number) for number in signal.Signals},
        )

    def leaks_since(self, before: Snapshot) -> list[str]:
        """Return what is other than it was, one line each; values of variables are not told."""
        found = [
            f"the environment variable {name} was {what}"
            for name, what in _changes(before.environment, self.environment)
        ]
        found += [
            f"file descriptor {number} is open: {self.descriptors[number]}"
            for number in sorted(self.descriptors.keys() - before.descriptors.keys())
        ]
        found += [
            f"file descriptor {number} was closed"
            for number in sorted(before.descriptors.keys() - self.descriptors.keys())
        ]
        found += [f"thread {name} runs" for name in sorted(self.threads - before.threads)]
        found += [f"child process {number} is there" for number in self.children - before.children]
        if self.working_directory != before.working_directory:
            found.append(f"the working directory is {self.working_directory}")
        if self.umask != before.umask:
            found.append(f"the umask is {self.umask:03o}, it was {before.umask:03o}")
        return found + [
            f"{signal.Signals(number).name} has another handler"
            for number, handler in self.signals.items()
            if handler is not before.signals.get(number, handler)
        ]


@contextmanager
def no_leaks(*, secrets: Iterable[bytes] = (), allow: Iterable[str] = ()) -> Iterator[Deeds]:
    """Fail if the block leaves anything behind, or tells a secret to who looks at the process.

    ``allow`` are paths of files that may stay. Yields what the block does.

    Raises:
        LeakError: It does; lists everything.
    """
    before = Snapshot.take()
    secrets = tuple(secrets)
    allowed = {os.path.abspath(path) for path in allow}
    with recorded() as deeds:
        yield deeds
    leaks = Snapshot.take().leaks_since(before)
    stays = [path for path in deeds.left_behind() if path not in allowed]
    leaks += [f"the file {path} was left behind" for path in stays]
    leaks += readable_by_others(path for path in deeds.left_behind() if path in allowed)
    leaks += secrets_told(secrets, deeds)
    if leaks:
        raise LeakError(leaks)


def readable_by_others(paths: Iterable[str | Path]) -> list[str]:
    """Return a line for each file that group or others may read, write or execute."""
    found = []
    for path in paths:
        mode = os.lstat(path).st_mode
        if not stat.S_ISLNK(mode) and mode & _OTHERS:
            found.append(f"{path} has mode {stat.S_IMODE(mode):03o}: others may use it")
    return found


def secrets_in_files(secrets: Iterable[bytes], directory: Path) -> list[str]:
    """Return a line for each file that holds a secret and that others may use."""
    secrets = tuple(secrets)
    found = []
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not path.is_symlink() and tells(_read(str(path)), secrets):
            found += [f"a secret is in a file: {line}" for line in readable_by_others([path])]
    return found


def secrets_told(secrets: Iterable[bytes], deeds: Deeds) -> list[str]:
    """Return where a secret can be seen: arguments, environment, command lines, file names."""
    places = {
        "the environment": b"\0".join(
            f"{name}={value}".encode(errors="surrogateescape") for name, value in os.environ.items()
        ),
        "this process's command line": _read("/proc/self/cmdline"),
        "the arguments of a process": os.fsencode("\n".join(deeds.starts)),
        "the name of a file": os.fsencode("\n".join(deeds.writes)),
    }
    for child in _children():
        places[f"the command line of child {child}"] = _read(f"/proc/{child}/cmdline")
        places[f"the environment of child {child}"] = _read(f"/proc/{child}/environ")
    found = [place for place, content in places.items() if tells(content, secrets)]
    return [f"a secret is in {place}" for place in found]


def tells(content: bytes | str, secrets: Iterable[bytes]) -> bool:
    """Whether one of the secrets is in the content, as it is, escaped, hexadecimal or base64."""
    data = content.encode(errors="surrogateescape") if isinstance(content, str) else content
    return any(form in data for secret in secrets for form in _forms(secret))


def _forms(secret: bytes) -> Iterator[bytes]:
    yield secret
    yield repr(secret)[2:-1].encode()
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    # The last characters of base64 depend on what follows.
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(secret).rstrip(b"=")[: len(secret) // 3 * 4]


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            yield name, "set"
        elif name not in after:
            yield name, "removed"
        elif before[name] != after[name]:
            yield name, "changed"


def _descriptors() -> dict[int, str]:
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # the one through which the directory was read
    return found


def _children() -> list[int]:
    found: list[int] = []
    for task in os.listdir("/proc/self/task"):
        found += map(int, _read(f"/proc/self/task/{task}/children").split())
    return found


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_MAX_FILE)
    except OSError:
        return b""
