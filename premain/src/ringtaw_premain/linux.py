"""Which program a Marble becomes on Linux itself; for adapters of runtimes that add no rule.

Public. The program is the one on the premain's command line, after ``--``, else the first element
of the manifest's Argv. Its arguments always come from the manifest.
"""

from __future__ import annotations

import os

from ringtaw_premain.errors import CannotExecuteError, PolicyError, ProgramNotFoundError
from ringtaw_premain.hookspecs import LaunchRequest, LaunchSpec


def linux_launch_spec(request: LaunchRequest) -> LaunchSpec:
    """Return the program given after ``--``, else Argv[0], with the manifest's Argv.

    A name without a slash is looked up in the new environment's PATH, as execvp(3) does; a
    relative path is relative to the working directory.

    Raises:
        PolicyError: More than a program was given, or an empty name.
        ProgramNotFoundError: The program does not exist.
        CannotExecuteError: The program exists but is not executable.
    """
    name = _name(request)
    path = request.environ.get("PATH", os.defpath)
    program = name if "/" in name else _look_up(name, path)
    _require_executable(program)
    return LaunchSpec(program, request.argv, request.environ)


def _name(request: LaunchRequest) -> str:
    if len(request.arguments) > 1:
        raise PolicyError(
            f"arguments for the application were given: {' '.join(request.arguments[1:])}",
            hint="arguments come from the Marble's Argv in the Coordinator's manifest",
        )
    name = request.arguments[0] if request.arguments else request.argv[0]
    if not name:
        raise PolicyError("the application's name is empty", hint="set the Marble's Argv")
    return name


def _look_up(name: str, path: str) -> str:
    for directory in path.split(os.pathsep):
        program = os.path.join(directory, name)
        if os.path.isfile(program) and os.access(program, os.X_OK):
            return program
    raise ProgramNotFoundError(
        f"the application {name} is not in PATH ({path})",
        hint="give the Marble's Argv a path, or name the program after --",
    )


def _require_executable(program: str) -> None:
    if not os.path.exists(program):
        raise ProgramNotFoundError(f"the application {program} does not exist")
    if os.path.isdir(program) or not os.access(program, os.X_OK):
        raise CannotExecuteError(f"the application {program} is not an executable file")
