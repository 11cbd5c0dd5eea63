"""Which premain a Gramine manifest starts, if any, and which application that one becomes.

Two premains can be there: ours, ``python3 -m ringtaw_premain``, which knows the application by what
follows ``--`` or by ``argv[0]``; and MarbleRun's program ``premain-libos``, which knows it by
``argv[0]`` (MarbleRun documentation, "Building a service: Gramine").
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from .configuration import Configuration
from .template import is_unknown

MODULE: Final = "ringtaw_premain"
SCRIPT: Final = "ringtaw-premain"
_MARBLERUN: Final = re.compile(r"premain-(libos|gramine|graphene)")
MARBLERUNS_FILE: Final = re.compile(rf"file:(.*/)?{_MARBLERUN.pattern}")
_PYTHON: Final = re.compile(r"python[0-9.]*")
_INTERPRETER: Final = re.compile(
    r"(python|pypy|perl|ruby|lua|luajit|php|node|nodejs|java|bash|dash|zsh|ksh|sh|busybox|R|Rscript)"
    r"[0-9.]*"
)
_OPTIONS_WITH_VALUE: Final = ("-X", "-W", "--check-hash-based-pycs")


class Kind(Enum):
    """What the first program is."""

    PYTHON = "the premain in Python"
    MARBLERUN = "MarbleRun's premain"
    NONE = "no premain"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Premain:
    """What the manifest starts."""

    kind: Kind
    program: str = ""
    """The application's path as loader.argv names it; "" if it does not."""
    position: int = 0
    """Which element of loader.argv names it."""
    extra: tuple[str, ...] = ()
    """Arguments that loader.argv gives to the application."""
    options: tuple[str, ...] = ()
    """Options of the interpreter before the premain."""

    @property
    def is_there(self) -> bool:
        """Whether there is a premain."""
        return self.kind in (Kind.PYTHON, Kind.MARBLERUN)


def find_premain(config: Configuration) -> Premain:
    """Return the premain that the manifest starts."""
    entrypoint = config.subject.text("libos", "entrypoint") or ""
    argv = [text for _, text in config.subject.texts("loader", "argv")]
    name = posixpath.basename(entrypoint)
    if _MARBLERUN.fullmatch(name):
        return _marblerun(argv)
    if name == SCRIPT:
        return _python(argv, 0, ())
    if is_python(entrypoint) or is_unknown(entrypoint):
        for at, argument in enumerate(argv):
            if _starts_ours(argv, at):
                return _python(argv, at, tuple(argv[1:at]))
            if at == 0 and MODULE in argument.split():
                return Premain(Kind.PYTHON)
    unknown = is_unknown(entrypoint) or config.subject.text("loader", "argv_src_file") is not None
    return Premain(Kind.UNKNOWN if unknown or not entrypoint else Kind.NONE)


def is_interpreter(path: str) -> bool:
    """Whether a program runs what its arguments say."""
    return bool(_INTERPRETER.fullmatch(posixpath.basename(path)))


def is_python(path: str) -> bool:
    """Whether a program is Python."""
    return bool(_PYTHON.fullmatch(posixpath.basename(path)))


def _starts_ours(argv: list[str], at: int) -> bool:
    if at == 0:
        return False
    if argv[at] == MODULE:
        return argv[at - 1] == "-m"
    is_value = argv[at - 1] in _OPTIONS_WITH_VALUE
    return not is_value and (
        argv[at] == f"-m{MODULE}" or posixpath.basename(argv[at].rstrip("/")) in (MODULE, SCRIPT)
    )


def _marblerun(argv: list[str]) -> Premain:
    return Premain(Kind.MARBLERUN, argv[0] if argv else "", 0, tuple(argv[1:]))


def _python(argv: list[str], at: int, options: tuple[str, ...]) -> Premain:
    """``at`` is the last element that belongs to the interpreter."""
    begin = at + 1
    if argv[begin : begin + 1] == ["--"]:
        begin += 1
    own = argv[begin:]
    if own:
        return Premain(Kind.PYTHON, own[0], begin, tuple(own[1:]), options)
    first = argv[0] if argv else ""
    program = "" if is_python(first) or posixpath.basename(first) == SCRIPT else first
    return Premain(Kind.PYTHON, program, 0, (), options)
