"""Settings in the environment that are wrong or contradictory, and the directory of the state."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ringtaw_cli.doctor.findings import Finding, ok, problem, warn
from ringtaw_cli.doctor.machine import Machine

SEAL_DIR: Final = "EDG_COORDINATOR_SEAL_DIR"
_DEFAULT_SEAL_DIR: Final = "marblerun-coordinator-data"
_COORDINATOR: Final = ("EDG_COORDINATOR_", "RINGTAW_CLIENT_API_", "RINGTAW_MESH_API_")
_MARBLE: Final = "EDG_MARBLE_"
_CURE: Final = "docs: Settings; unset it, or correct its value"
_SIMULATION: Final = "OE_SIMULATION"


def look_at_settings(machine: Machine) -> Iterator[Finding]:
    """Tell which variables a Coordinator or Marble started here would stumble over."""
    findings = [*_of_coordinator(machine), *_of_marble(machine), *_contradictions(machine)]
    yield from findings or [ok("settings", "nothing in the environment is wrong")]


def look_at_seal_directory(machine: Machine) -> Iterator[Finding]:
    """Tell whether others can read or replace the state of a Coordinator."""
    directory = machine.folder / (machine.environ.get(SEAL_DIR) or _DEFAULT_SEAL_DIR)
    try:
        status = directory.stat()
    except OSError:
        if machine.environ.get(SEAL_DIR):
            yield ok("state", f"{directory} does not exist yet: a Coordinator makes it")
        return
    if not stat.S_ISDIR(status.st_mode):
        yield problem("state", f"{directory} is no directory", "no state can be kept", _CURE)
        return
    yield from _permissions(directory, status)


def _permissions(directory: Path, status: os.stat_result) -> Iterator[Finding]:
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o022:
        yield problem(
            "state",
            f"others may write in {directory} (mode {mode:04o})",
            "whoever can replace its files can put an older state in place",
            f"chmod 700 {directory}",
        )
    elif mode & 0o077:
        yield warn(
            "state",
            f"others may look into {directory} (mode {mode:04o})",
            "the state is encrypted, but not in a simulation",
            f"chmod 700 {directory}",
        )
    elif not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        yield problem(
            "state",
            f"this user may not write in {directory}",
            "a Coordinator of this user cannot keep its state there",
            f"chown the directory, or name another with {SEAL_DIR}",
        )
    else:
        yield ok("state", f"{directory} is this user's alone")


def _of_coordinator(machine: Machine) -> Iterator[Finding]:
    if find_spec("ringtaw_coordinator") is None or not _has(machine, *_COORDINATOR):
        return
    from ringtaw_coordinator.errors import SettingsError
    from ringtaw_coordinator.settings import read_settings

    try:
        settings = read_settings(machine.environ)
    except SettingsError as error:
        yield problem("settings", str(error), "a Coordinator would not start", _CURE)
        return
    for text in settings.warnings:
        yield warn("settings", text, "it has no effect", _CURE)


def _of_marble(machine: Machine) -> Iterator[Finding]:
    if not _has(machine, _MARBLE):
        return
    from ringtaw_premain.errors import SettingsError
    from ringtaw_premain.settings import read_settings

    try:
        read_settings(machine.environ)
    except SettingsError as error:
        yield problem("settings", error.message, "a Marble would not start", error.hint or _CURE)


def _contradictions(machine: Machine) -> Iterator[Finding]:
    environ = machine.environ
    if environ.get(_SIMULATION, "0") not in ("", "0"):
        yield warn(
            "settings",
            f"{_SIMULATION} is set: no evidence is checked, no key protected",
            "whatever is started here is a simulation, which protects nothing",
            f"unset {_SIMULATION}, except for tests",
        )
        if environ.get("RINGTAW_TRUSTED_ROOTS"):
            yield problem(
                "settings",
                f"RINGTAW_TRUSTED_ROOTS and {_SIMULATION} contradict each other",
                "a simulation looks at no evidence, whatever roots it should trust",
                "unset one of them",
            )
    roots = environ.get("RINGTAW_TRUSTED_ROOTS", "")
    if roots and not os.path.isfile(machine.folder / roots):
        yield problem(
            "settings",
            f"RINGTAW_TRUSTED_ROOTS names {roots}, which is no file",
            "nothing could be verified",
            _CURE,
        )


def _has(machine: Machine, *prefixes: str) -> bool:
    return any(name.startswith(prefixes) and value for name, value in machine.environ.items())
