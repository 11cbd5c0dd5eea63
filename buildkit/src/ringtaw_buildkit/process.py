"""Starts a libOS on the host and stands aside: its input, output, signals and exit code pass.

Public. Linux. The process that calls this must have one thread: signals are awaited, not handled.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from ringtaw_premain.build_hookspecs import HostCommand
from ringtaw_premain.errors import CannotExecuteError, ProgramNotFoundError

FORWARDED: Final = frozenset(
    {
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGTERM,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGWINCH,
    }
)
_AWAITED: Final = FORWARDED | {signal.SIGCHLD}
_IGNORED_BY_PYTHON: Final = (signal.SIGPIPE, signal.SIGXFSZ)


def run(command: HostCommand) -> int:
    """Run the command to its end; returns its exit code, 128 and more where a signal ended it.

    In the foreground of a terminal the child stays in this process group, so that the terminal
    reaches it as it reaches any command; elsewhere it leads a group of its own, and a signal sent
    to this process reaches all of it: launchers are often shell scripts that wait for their child.

    Raises:
        ProgramNotFoundError: The program is not installed; says how to install it.
        CannotExecuteError: It is there and cannot be executed.
    """
    program = _program(command)
    shares_terminal = _in_foreground()
    with _signals_blocked():
        child = _start(program, command, own_group=not shares_terminal)
        return _wait(child, shares_terminal)


def _program(command: HostCommand) -> str:
    name = command.argv[0]
    path = command.environ.get("PATH", os.defpath)
    found = shutil.which(name, path=path)
    if found is None and shutil.which(name, mode=os.F_OK, path=path):
        raise CannotExecuteError(f"{name}: is not executable", hint=f"chmod +x {name}")
    if found is None:
        raise ProgramNotFoundError(f"{name}: is not installed", hint=command.install_hint)
    return found


def _start(program: str, command: HostCommand, *, own_group: bool) -> int:
    group: dict[str, Any] = {"setpgroup": 0} if own_group else {}
    try:
        return os.posix_spawn(
            program,
            command.argv,
            dict(command.environ),
            setsigmask=[],
            setsigdef=_IGNORED_BY_PYTHON,
            **group,
        )
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)  # the file itself was found just now
        cause = "its interpreter is not installed" if missing else error.strerror
        hint = command.install_hint
        raise CannotExecuteError(f"{program}: cannot be executed: {cause}", hint=hint) from error


def _wait(child: int, shares_terminal: bool) -> int:
    """Pass signals on until the child has ended, and reap it."""
    while True:
        received = signal.sigwaitinfo(_AWAITED)
        if received.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
        elif not shares_terminal:
            with suppress(OSError):  # a child that runs as somebody else cannot be signalled
                os.killpg(child, received.si_signo)
        elif received.si_code <= 0:  # from a process; the terminal's own reached the child already
            with suppress(OSError):
                os.kill(child, received.si_signo)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Keep signals waiting to be taken, and children waiting to be reaped."""
    reaping = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGCHLD, reaping)


def _in_foreground() -> bool:
    """Whether this process belongs to what its terminal, if it has one, runs in the foreground."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)
