"""What the host may start, and with whose arguments.

Source: Occlum, src/libos/src/entry.rs: an entry point is a prefix of absolute paths, component by
component, for programs that the host starts; execve inside the enclave is free.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from typing import Final

from ringtaw_premain.build_hookspecs import Finding

from ringtaw_occlum.build.configuration import Configuration, entry_points
from ringtaw_occlum.build.interpreters import is_interpreter
from ringtaw_occlum.build.paths import normal
from ringtaw_occlum.build.scripts import script_findings

PREMAIN: Final = "premain"
"""Part of the name of every premain: ringtaw-premain, MarbleRun's premain-libos."""
_FOLDERS: Final = frozenset(
    [
        "/",
        "/bin",
        "/sbin",
        "/usr",
        "/usr/bin",
        "/usr/sbin",
        "/usr/local",
        "/usr/local/bin",
        "/opt",
        "/lib",
        "/lib64",
        "/etc",
        "/root",
        "/home",
        "/host",
        "/app",
    ]
)
"""Folders that images have, for when the image cannot be looked at."""
_SHOWN: Final = 3


def check_entry_points(config: Configuration) -> Iterator[Finding]:
    """Yield findings about entry_points."""
    for at, path in entry_points(config):
        if not path.startswith("/") or ".." in path.split("/"):
            yield _relative(config, at)
        elif is_interpreter(path):
            yield _interpreter(config, at, path)
        elif _is_folder(config, path):
            yield _wide(config, at, path)
        elif config.marble and normal(path) == normal(_program(config) or "/"):
            yield _application(config, at, path)
        else:
            yield from _file(config, at, path)
    if config.subject.count("entry_points") and not premain_entry_points(config):
        yield _no_premain(config)


def premain_entry_points(config: Configuration) -> list[str]:
    """Return the entry points that are, or may contain, a premain."""
    return [
        path
        for _, path in entry_points(config)
        if PREMAIN in posixpath.basename(normal(path)) or _is_folder(config, path)
    ]


def _program(config: Configuration) -> str | None:
    """Return the absolute path of the Marble's program."""
    argv = config.marble.argv if config.marble else ()
    return argv[0] if argv and argv[0].startswith("/") else None


def _is_folder(config: Configuration, path: str) -> bool:
    root = config.image.root
    if root and os.path.exists(root / normal(path)[1:]):
        return os.path.isdir(root / normal(path)[1:])
    return normal(path) in _FOLDERS


def _relative(config: Configuration, at: int) -> Finding:
    return config.subject.finding(
        "entry-point-relative",
        "entry_points",
        at,
        message="not an absolute path without `..`",
        cure="write the absolute path of the premain in the image",
    )


def _interpreter(config: Configuration, at: int, path: str) -> Finding:
    return config.subject.finding(
        "entry-point-interpreter",
        "entry_points",
        at,
        message=f"{path} is an interpreter: whoever starts the enclave chooses its arguments, and "
        "it runs whatever they say",
        cure="let the premain's launcher be the only entry point (`ringtaw occlum prepare`)",
    )


def _wide(config: Configuration, at: int, path: str) -> Finding:
    names = config.image.interpreters(path)
    among = f", among them {', '.join(names[:_SHOWN])}" if names else ""
    return config.subject.finding(
        "entry-point-wide",
        "entry_points",
        at,
        message=f"the host may start every program in {path}{among}, with any arguments",
        cure="name the premain's launcher instead (`ringtaw occlum prepare`)",
    )


def _application(config: Configuration, at: int, path: str) -> Finding:
    return config.subject.finding(
        "entry-point-application",
        "entry_points",
        at,
        message=f"{path} is the Marble's program: the host can start it without the premain",
        cure="remove it; the premain starts it, and needs no entry point for that",
    )


def _file(config: Configuration, at: int, path: str) -> Iterator[Finding]:
    if PREMAIN in posixpath.basename(path) and config.image.lacks(path):
        yield config.subject.finding(
            "premain-not-in-image",
            "entry_points",
            at,
            message=f"the image has no {path}",
            cure="copy it there (`ringtaw occlum prepare` writes the copy_bom target)",
        )
    yield from script_findings(config, path, "entry_points", at)


def _no_premain(config: Configuration) -> Finding:
    return config.subject.finding(
        "premain-missing",
        "entry_points",
        message="no entry point is a premain: whatever is started never asks the Coordinator",
        cure="run `ringtaw occlum prepare`, or give a launcher of your own a name with premain",
    )
