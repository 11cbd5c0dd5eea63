"""The leak checks find what was left behind or told, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from ringtaw_testkit.audit import recorded
from ringtaw_testkit.leaks import (
    LeakError,
    no_leaks,
    readable_by_others,
    secrets_in_files,
    secrets_told,
    tells,
)

SECRET = b"\x00 the secret \xff"


def test_honest_code_leaks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with no_leaks(secrets=[SECRET], allow=[str(path)]):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(descriptor, SECRET)
        os.close(descriptor)
        passing = threading.Thread(target=lambda: None)
        passing.start()
        passing.join()
        os.environ["RINGTAW_TEST"] = "1"
        del os.environ["RINGTAW_TEST"]


def leave_a_variable(stack: ExitStack) -> None:
    os.environ["RINGTAW_TEST"] = "its value"
    stack.callback(os.environ.pop, "RINGTAW_TEST")


def change_a_variable(stack: ExitStack) -> None:
    path = os.environ["PATH"]
    os.environ["PATH"] = "/elsewhere"
    stack.callback(os.environ.__setitem__, "PATH", path)


def leave_a_descriptor(stack: ExitStack) -> None:
    stack.callback(os.close, os.open("/dev/null", os.O_RDONLY))


def leave_a_thread(stack: ExitStack) -> None:
    end = threading.Event()
    threading.Thread(target=end.wait, name="lingering", daemon=True).start()
    stack.callback(end.set)


def leave_a_child(stack: ExitStack) -> None:
    child = subprocess.Popen(["sleep", "60"])
    stack.callback(child.wait)
    stack.callback(child.kill)


def leave_the_directory(stack: ExitStack) -> None:
    stack.callback(os.chdir, os.getcwd())
    os.chdir("/")


def leave_an_umask(stack: ExitStack) -> None:
    stack.callback(os.umask, os.umask(0))


def leave_a_handler(stack: ExitStack) -> None:
    stack.callback(signal.signal, signal.SIGHUP, signal.signal(signal.SIGHUP, signal.SIG_IGN))


@pytest.mark.parametrize(
    ("leave", "told"),
    [
        (leave_a_variable, "variable RINGTAW_TEST was set"),
        (change_a_variable, "the environment variable PATH was changed"),
        (leave_a_descriptor, r"file descriptor \d+ is open: /dev/null"),
        (leave_a_thread, r"thread lingering .* runs"),
        (leave_a_child, r"child process \d+ is there"),
        (leave_the_directory, "the working directory is /$"),
        (leave_an_umask, "the umask is 000"),
        (leave_a_handler, "SIGHUP has another handler"),
    ],
)
def test_a_leak_is_found(leave: Callable[[ExitStack], None], told: str) -> None:
    with ExitStack() as stack:
        with pytest.raises(LeakError, match=told) as caught, no_leaks():
            leave(stack)
        assert len(caught.value.leaks) == 1
        assert "its value" not in str(caught.value)


def test_a_file_that_stays_is_found(tmp_path: Path) -> None:
    with pytest.raises(LeakError, match=r"the file .*left was left behind"), no_leaks():
        (tmp_path / "left").touch()


def test_a_file_that_is_removed_again_is_none(tmp_path: Path) -> None:
    with no_leaks():
        (tmp_path / "removed").touch()
        (tmp_path / "removed").unlink()


def test_a_file_that_others_can_read_is_found(tmp_path: Path) -> None:
    before, path = tmp_path / "before", tmp_path / "key"
    before.write_bytes(SECRET)
    before.chmod(0o644)
    with pytest.raises(LeakError, match="mode 644"), no_leaks(allow=[str(path)]):
        before.rename(path)
    assert secrets_in_files([SECRET], tmp_path) == [
        f"a secret is in a file: {path} has mode 644: others may use it"
    ]
    path.chmod(0o600)
    assert readable_by_others([path]) == []


def test_a_secret_in_arguments_is_found() -> None:
    command = [sys.executable, "-c", "", SECRET.hex()]
    with (
        pytest.raises(LeakError, match="the arguments of a process"),
        no_leaks(secrets=[SECRET]),
    ):
        subprocess.run(command, check=True)


def test_a_secret_in_the_environment_of_a_child_is_found() -> None:
    environment = {"KEY": SECRET.hex()}
    with (
        recorded() as deeds,
        subprocess.Popen(["yes"], env=environment, stdout=subprocess.PIPE) as child,
    ):
        assert child.stdout
        child.stdout.read(1)  # it runs: its environment can be read
        [told] = secrets_told([SECRET], deeds)
        child.kill()
    assert told == f"a secret is in the environment of child {child.pid}"


@pytest.mark.parametrize(
    "text",
    [
        repr(SECRET),
        f"key={SECRET.hex()}",
        SECRET.hex().upper(),
        "prefix AAgdGhlIHNlY3JldCD_ AHRoZSBzZWNyZXQ=".replace(" ", ""),
    ],
)
def test_a_secret_is_found_in_each_form(text: str) -> None:
    assert tells(text, [SECRET]) == ("prefix" not in text)
    assert not tells("nothing of the kind", [SECRET])


def test_base64_is_found_wherever_it_ends() -> None:
    import base64

    assert tells(base64.b64encode(SECRET + b"and more"), [SECRET])
    assert tells(base64.urlsafe_b64encode(SECRET), [SECRET])


def test_deeds_are_recorded(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with recorded() as deeds:
        file.write_text("x")
        file.rename(tmp_path / "other")
        (tmp_path / "directory").mkdir()
        subprocess.run(["true", "argument"], check=True)
        with suppress(OSError):
            os.unlink(tmp_path / "missing")
    with recorded() as nothing:
        Path("/dev/null").read_bytes()
    assert deeds.left_behind() == [str(tmp_path / "directory"), str(tmp_path / "other")]
    assert f"open {file}" in deeds.writes
    assert any("argument" in start for start in deeds.starts)
    assert (nothing.writes, nothing.starts) == ([], [])


def test_other_threads_are_not_blamed(tmp_path: Path) -> None:
    go, done = threading.Event(), threading.Event()

    def write() -> None:
        go.wait()
        (tmp_path / "theirs").write_text("x")
        done.set()

    other = threading.Thread(target=write)
    other.start()
    with recorded() as deeds:
        go.set()
        assert done.wait(10)
    other.join()
    assert deeds.writes == []
