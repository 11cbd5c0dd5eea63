"""Programs of the host, with real signals, a real terminal and real processes."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ringtaw_buildkit.process import FORWARDED

HOST = """\
import os, sys
from ringtaw_buildkit.process import run
from ringtaw_premain.build_hookspecs import HostCommand
from ringtaw_premain.errors import PremainError
try:
    code = run(HostCommand(tuple(sys.argv[1:]), os.environ, "install it"))
except PremainError as error:
    print(error.exit_code, error)
    sys.exit(error.exit_code)
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("no child left", flush=True)
sys.exit(code)
"""
# The first terminal that a session's leader opens becomes the one that controls it.
IN_TERMINAL = """\
import os, sys
terminal = os.open(sys.argv[1], os.O_RDWR)
for standard in range(3):
    os.dup2(terminal, standard)
os.execv(sys.argv[2], sys.argv[2:])
"""
TELLS_SIGNALS = """\
import os, signal, sys, time
def tell(number, frame):
    os.write(1, f"{signal.Signals(number).name}\\n".encode())  # print may be interrupted itself
    if number == signal.SIGTERM:
        sys.exit(7)
for number in ("HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "WINCH"):
    signal.signal(getattr(signal, f"SIG{number}"), tell)
os.write(1, f"ready leads={os.getpgrp() == os.getpid()}\\n".encode())
while True:
    time.sleep(1)
"""
PYTHON = sys.executable


def host(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command through the module, without terminal."""
    return subprocess.run(
        [PYTHON, "-c", HOST, *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 42", 42), ("kill -TERM $$", 143), ("kill -KILL $$", 137)],
)
def test_the_exit_code_is_the_shells(script: str, code: int) -> None:
    done = host("sh", "-c", script)
    assert (done.returncode, done.stdout) == (code, "no child left\n")


def test_signals_that_python_ignores_are_not_ignored_in_the_child() -> None:
    done = host("sh", "-c", "kill -PIPE $$")
    assert done.returncode == 128 + signal.SIGPIPE


def test_the_childs_signals_are_not_blocked() -> None:
    done = host("grep", "SigBlk", "/proc/self/status")
    assert done.stdout.splitlines()[0].split() == ["SigBlk:", "0" * 16]


def test_a_program_is_told_apart_from_one_that_is_missing_or_cannot_run(tmp_path: Path) -> None:
    program = tmp_path / "program"
    assert host(str(program)).stdout == f"127 {program}: is not installed (install it)\n"
    program.write_text("data")
    assert host(str(program)).stdout.startswith(f"126 {program}: is not executable (chmod +x")
    program.chmod(0o755)
    assert "126" in host(str(program)).stdout
    assert "Exec format error" in host(str(program)).stdout
    program.write_text("#!/missing/interpreter\n")
    assert "its interpreter is not installed" in host(str(program)).stdout
    program.write_text("#!/bin/sh\nexit 3\n")
    assert host(str(program)).returncode == 3


@pytest.fixture
def teller(tmp_path: Path) -> str:
    """A program that tells which signals it gets, and ends with 7 at SIGTERM."""
    path = tmp_path / "teller.py"
    path.write_text(TELLS_SIGNALS)
    return str(path)


def test_without_terminal_every_signal_reaches_the_whole_group(teller: str) -> None:
    names = " ".join(number.name.removeprefix("SIG") for number in FORWARDED)
    launcher = f"trap : {names}; '{PYTHON}' '{teller}'; exit $?"
    with subprocess.Popen(
        [PYTHON, "-c", HOST, "sh", "-c", launcher],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready leads=False\n"
        for number in sorted(FORWARDED - {signal.SIGTERM}):
            process.send_signal(number)
            assert process.stdout.readline() == f"{number.name}\n"
        process.terminate()
        assert process.stdout.read() == "SIGTERM\nno child left\n"
        assert process.wait(timeout=30) == 7


def test_on_a_terminal_its_signals_come_once_and_others_are_passed_on(teller: str) -> None:
    terminal, theirs = pty.openpty()
    name = os.ttyname(theirs)
    command = [PYTHON, "-c", IN_TERMINAL, name, PYTHON, "-c", HOST, PYTHON, teller]
    with subprocess.Popen(command, start_new_session=True) as process:
        shown = read_until(terminal, "ready leads=False")
        os.write(terminal, b"\x03")
        shown += read_until(terminal, "SIGINT")
        os.write(terminal, b"\x1c")
        shown += read_until(terminal, "SIGQUIT")
        process.send_signal(signal.SIGUSR1)
        shown += read_until(terminal, "SIGUSR1")
        process.terminate()
        shown += read_until(terminal, "no child left")
        assert process.wait(timeout=30) == 7
    os.close(terminal)
    os.close(theirs)
    told = [line for line in shown.splitlines() if line.startswith("SIG")]
    assert told == ["SIGINT", "SIGQUIT", "SIGUSR1", "SIGTERM"]


def read_until(terminal: int, expected: str) -> str:
    """Read what the terminal shows, up to and with a line."""
    shown = ""
    while f"{expected}\r\n" not in shown:
        assert select.select([terminal], [], [], 60)[0], f"no {expected!r} follows {shown!r}"
        shown += os.read(terminal, 4096).decode()
    return shown.replace("^C", "").replace("^\\", "").replace("\r\n", "\n")
