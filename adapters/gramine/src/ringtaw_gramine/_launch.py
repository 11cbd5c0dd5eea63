"""Which program the premain becomes: the one that the measured ``loader.argv`` names.

Two forms, since Gramine measures ``loader.argv`` with the rest of its manifest:

* ``["python3", "-m", "ringtaw_premain", "--", "/app"]``: what follows ``--``;
* ``["/app", "-m", "ringtaw_premain"]``: the first, as in MarbleRun (Gramine runs
  ``libos.entrypoint``, whatever argv[0] says).

The arguments of the program come from the Coordinator's manifest.
"""

from __future__ import annotations

import os
from typing import Final

from ringtaw_premain.errors import CannotExecuteError, PolicyError, ProgramNotFoundError
from ringtaw_premain.hookspecs import LaunchRequest, LaunchSpec

_HINT: Final = (
    'in the Gramine manifest, end loader.argv with "--", "/path/of/application", '
    "or put the application's path first in it"
)


def launch_spec(request: LaunchRequest) -> LaunchSpec:
    """Return what to execute: the measured program with the manifest's Argv.

    Raises:
        PolicyError: ``loader.argv`` names no program, or more than one.
        ProgramNotFoundError: The program does not exist.
        CannotExecuteError: The program exists but is not executable.
    """
    program = _program(request)
    _require_executable(program)
    return LaunchSpec(program, request.argv, request.environ)


def _program(request: LaunchRequest) -> str:
    if len(request.arguments) > 1:
        raise PolicyError(
            f"loader.argv gives the application arguments: {' '.join(request.arguments[1:])}",
            hint="arguments come from the Marble's Argv in the Coordinator's manifest",
        )
    program = request.arguments[0] if request.arguments else _first(request.command_line)
    if not program:
        raise PolicyError("loader.argv names the application with an empty string", hint=_HINT)
    return program


def _first(command_line: tuple[str, ...]) -> str:
    # With `#!` or without its own argv[0] the interpreter is first: then nothing names the program.
    program = command_line[0] if command_line else ""
    name = os.path.basename(program)
    if name.rstrip("0123456789.") == "python" or name == "ringtaw-premain":
        raise PolicyError(f"loader.argv names no application, only {program}", hint=_HINT)
    return program


def _require_executable(program: str) -> None:
    if not os.path.exists(program):
        raise ProgramNotFoundError(
            f"the application {program} does not exist in the enclave",
            hint="check fs.mounts, sgx.trusted_files and the path in loader.argv",
        )
    if os.path.isdir(program) or not os.access(program, os.X_OK):
        raise CannotExecuteError(
            f"the application {program} is not an executable file", hint="chmod +x it on the host"
        )
