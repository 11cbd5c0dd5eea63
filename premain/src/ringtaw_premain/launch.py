"""The last step: the premain's process becomes the application."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

from ringtaw_premain.errors import (
    CannotExecuteError,
    PolicyError,
    PremainError,
    ProgramNotFoundError,
)
from ringtaw_premain.hookspecs import LaunchRequest, LaunchSpec

DEFAULT_ARGV: Final = ("./marble",)
"""The argv of a Marble whose manifest has none (MarbleRun's convention)."""
RUNTIME_MANIFEST: Final = "runtime.json"
"""The list of files that marks a folder as the premain's own Python."""
_LIBRARY_PATH: Final = "LD_LIBRARY_PATH"


def launch_request(
    own: Mapping[str, str],
    given: Mapping[str, bytes],
    argv: Sequence[str],
    command_line: Sequence[str],
    arguments: Sequence[str],
) -> LaunchRequest:
    """Put together what an adapter needs to know.

    The manifest's variables are laid over the premain's own environment, which has what the libOS
    set for the application too, such as the path of its libraries. The premain's own libraries are
    taken out of that path.

    Raises:
        PolicyError: A variable or an argument is not one that a process can be given.
    """
    for name, value in given.items():
        if not name or "=" in name or "\0" in name:
            raise PolicyError(f"{name!r} is not a name that an environment variable can have")
        if b"\0" in value:
            raise PolicyError(f"the environment variable {name} has a NUL byte in its value")
    if any("\0" in argument for argument in argv):
        raise PolicyError("the Marble's Argv has a NUL byte in it")
    return LaunchRequest(
        argv=tuple(argv) or DEFAULT_ARGV,
        environ={
            **without_own_libraries(own, sys.prefix),
            **{name: os.fsdecode(value) for name, value in given.items()},
        },
        command_line=tuple(command_line),
        arguments=tuple(arguments),
    )


def without_own_libraries(environ: Mapping[str, str], prefix: str) -> Mapping[str, str]:
    """Take the libraries of the premain's own Python, if it has one, out of LD_LIBRARY_PATH.

    The application is to be linked with the libraries it was made for.
    """
    if _LIBRARY_PATH not in environ or not os.path.isfile(f"{prefix}/{RUNTIME_MANIFEST}"):
        return environ
    folders = environ[_LIBRARY_PATH].split(":")
    kept = [folder for folder in folders if folder.rstrip("/") != f"{prefix}/lib"]
    rest = {name: value for name, value in environ.items() if name != _LIBRARY_PATH}
    return {**rest, _LIBRARY_PATH: ":".join(kept)} if kept else rest


def replace_process(spec: LaunchSpec) -> NoReturn:
    """Execute the application in place of this process (execve(2)); file descriptors are closed.

    Raises:
        ProgramNotFoundError: The program does not exist.
        CannotExecuteError: It cannot be executed.
    """
    # Python ignores these at its start, and what is ignored stays so across execve(2).
    ignored = (signal.SIGPIPE, signal.SIGXFSZ)
    previous = {number: signal.signal(number, signal.SIG_DFL) for number in ignored}
    try:
        os.execve(spec.program, spec.argv, dict(spec.environ))  # noqa: S606  (what we are for)
    except (OSError, ValueError) as error:
        for number, handler in previous.items():
            signal.signal(number, handler)
        raise _explained(spec.program, error) from None


def _explained(program: str, error: OSError | ValueError) -> PremainError:
    if isinstance(error, ValueError):  # no argv, or a NUL byte somewhere
        return CannotExecuteError(f"cannot execute {program!r}: {error}")
    if error.errno != errno.ENOENT:
        denied = error.errno in (errno.EACCES, errno.EPERM)
        hint = "in a libOS it must be a trusted, executable file" if denied else ""
        return CannotExecuteError(f"cannot execute {program!r}: {error.strerror}", hint=hint)
    if os.path.lexists(program):
        return CannotExecuteError(f"cannot execute {program!r}: its interpreter does not exist")
    return ProgramNotFoundError(f"the program {program!r} does not exist")
