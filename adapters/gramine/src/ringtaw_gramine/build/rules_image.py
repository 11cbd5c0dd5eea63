"""Rules on the host's files, where they are there already: permissions, scripts, bytecode."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ringtaw_buildkit.counting import counted
from ringtaw_premain.build_hookspecs import Finding

from .code_places import code_paths, python_folders
from .configuration import Configuration
from .premain import MODULE, SCRIPT, Kind, Premain

_FLAGS: Final = slice(4, 8)
_TIMESTAMP: Final = bytes(4)
"""A .pyc file that is valid for one modification time of its source (PEP 552)."""


def image_findings(config: Configuration, premain: Premain) -> Iterator[Finding]:
    """Yield what is wrong with files that are on this machine."""
    yield from _not_executable(config, premain)
    if premain.kind is Kind.PYTHON:
        yield from _script(config, premain)
        yield from _stale_bytecode(config)


def _not_executable(config: Configuration, premain: Premain) -> Iterator[Finding]:
    for keys, path in code_paths(config, premain):
        host = config.on_host(config.place(path).host)
        if os.path.isfile(host) and not os.stat(host).st_mode & 0o111:
            yield config.subject.finding(
                "not-executable",
                *keys,
                message=f"{path} is the host's {host}, which is not executable",
                cure=f"chmod +x {host}, and sign again",
            )


def _script(config: Configuration, premain: Premain) -> Iterator[Finding]:
    entrypoint = config.subject.text("libos", "entrypoint") or ""
    if premain.position or not premain.program:
        return  # the application comes after "--", which a script keeps
    host = config.on_host(config.place(entrypoint).host)
    if posixpath.basename(entrypoint) == SCRIPT or _begins(host, b"#!"):
        yield config.subject.finding(
            "entrypoint-script",
            "libos",
            "entrypoint",
            message=f"{entrypoint} is a script, so argv[0], {premain.program}, never arrives",
            cure='name the application after "--" in loader.argv',
        )


def _begins(path: str, prefix: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(prefix)) == prefix
    except OSError:
        return False


def _stale_bytecode(config: Configuration) -> Iterator[Finding]:
    for folder in python_folders(config):
        package = Path(config.on_host(config.place(folder).host), MODULE)
        sources = [source for source in package.glob("*.py") if not _is_compiled(source)]
        if sources:
            stale = counted(len(sources), f"file of {package} is", f"files of {package} are")
            yield config.subject.finding(
                "stale-bytecode",
                "loader",
                "env",
                "PYTHONPATH",
                message=f"{stale} compiled at each start",
                cure="python3 -m compileall --invalidation-mode unchecked-hash "
                f"{package.parent}, with the enclave's own Python",
            )


def _is_compiled(source: Path) -> bool:
    """Whether Python takes a .pyc file for this source although Gramine has no times."""
    compiled = source.parent.glob(f"__pycache__/{source.stem}.*.pyc")
    return any(_flags(path) not in (b"", _TIMESTAMP) for path in compiled)


def _flags(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_FLAGS.stop)[_FLAGS]
    except OSError:
        return b""
