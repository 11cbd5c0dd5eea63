from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ringtaw_premain.errors import CannotExecuteError, PolicyError, ProgramNotFoundError
from ringtaw_premain.hookspecs import LaunchRequest, LaunchSpec
from ringtaw_premain.launch import launch_request, replace_process, without_own_libraries


def request(
    given: dict[str, bytes],
    argv: tuple[str, ...] = ("./program",),
    own: dict[str, str] | None = None,
) -> LaunchRequest:
    return launch_request(own or {}, given, argv, ("python3", "-m", "premain"), ("program",))


def test_the_manifests_variables_are_laid_over_the_own_ones() -> None:
    own = {"LD_LIBRARY_PATH": "/lib", "NAME": "own"}
    found = request({"NAME": b"given", "EMPTY": b""}, own=own)
    assert found.environ == {"LD_LIBRARY_PATH": "/lib", "NAME": "given", "EMPTY": ""}
    assert found.argv == ("./program",)
    assert (found.command_line, found.arguments) == (("python3", "-m", "premain"), ("program",))


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("{own}", None),
        ("{own}/:/lib", "/lib"),
        ("/lib:{own}:/usr/lib", "/lib:/usr/lib"),
        ("/lib:{own}2", "/lib:{own}2"),
    ],
)
def test_the_premains_own_libraries_are_not_the_applications(
    tmp_path: Path, path: str, left: str | None
) -> None:
    own = f"{tmp_path}/lib"
    environ = {"LD_LIBRARY_PATH": path.format(own=own), "OTHER": own}
    assert without_own_libraries(environ, str(tmp_path)) == environ, "no Python of its own"
    (tmp_path / "runtime.json").touch()
    expected = {} if left is None else {"LD_LIBRARY_PATH": left.format(own=own)}
    assert without_own_libraries(environ, str(tmp_path)) == {"OTHER": own, **expected}


def test_without_argv_it_is_what_marbles_have_by_default() -> None:
    assert request({}, argv=()).argv == ("./marble",)


def test_arbitrary_bytes_survive() -> None:
    value = bytes(range(1, 256))
    assert os.fsencode(request({"KEY": value}).environ["KEY"]) == value


@pytest.mark.parametrize("name", ["", "A=B", "=", "A\0B"])
def test_names_that_no_variable_can_have(name: str) -> None:
    with pytest.raises(PolicyError, match="is not a name"):
        request({name: b"secret"})


def test_a_nul_byte_is_refused_without_telling_the_value() -> None:
    with pytest.raises(PolicyError, match="KEY has a NUL byte") as caught:
        request({"KEY": b"secret\0secret"})
    assert "secret" not in str(caught.value)
    with pytest.raises(PolicyError, match="Argv has a NUL byte"):
        request({}, argv=("program", "a\0b"))


@pytest.mark.parametrize("program", ["missing", "missing/program"])
def test_a_missing_program(tmp_path: Path, program: str) -> None:
    with pytest.raises(ProgramNotFoundError, match="does not exist") as caught:
        replace_process(LaunchSpec(str(tmp_path / program), ("x",), {}))
    assert caught.value.exit_code == 127
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN


def test_programs_that_cannot_be_executed(tmp_path: Path) -> None:
    not_executable, no_format = tmp_path / "data", tmp_path / "text"
    no_interpreter, directory = tmp_path / "script", tmp_path / "directory"
    not_executable.write_bytes(b"x")
    no_format.write_bytes(b"not a program")
    no_interpreter.write_text("#!/does/not/exist\n")
    directory.mkdir()
    for path in (no_format, no_interpreter):
        path.chmod(0o755)
    problems = {
        str(not_executable): "Permission denied",
        str(no_format): "Exec format error",
        str(no_interpreter): "its interpreter does not exist",
        str(directory): "Permission denied",
        str(not_executable / "below"): "Not a directory",
        "nul\0byte": "null",
    }
    for program, problem in problems.items():
        with pytest.raises(CannotExecuteError, match=problem) as caught:
            replace_process(LaunchSpec(program, ("x",), {}))
        assert caught.value.exit_code == 126


def test_too_large_an_environment() -> None:
    with pytest.raises(CannotExecuteError, match="Argument list too long"):
        replace_process(LaunchSpec("/bin/true", ("true",), {"LARGE": "x" * (1 << 22)}))


def test_an_empty_argv_is_an_error() -> None:
    with pytest.raises(CannotExecuteError, match="empty"):
        replace_process(LaunchSpec("/bin/true", (), {}))


def test_the_application_starts_with_default_signals_and_no_descriptors_of_ours() -> None:
    script = """
import os, socket, sys
from ringtaw_premain.hookspecs import LaunchSpec
from ringtaw_premain.launch import replace_process
opened = [open("/dev/null"), socket.socket(), *os.pipe()]
show = "grep Sig /proc/self/status; ls /proc/self/fd; echo pid $$"
print("pid", os.getpid(), flush=True)
replace_process(LaunchSpec("/bin/sh", ("sh", "-c", show), {"PATH": os.environ["PATH"]}))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    lines = done.stdout.split("\n")
    masks = dict(line.split(":\t") for line in lines if line.startswith("Sig"))
    ignored = int(masks["SigIgn"], 16)
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM):
        assert not ignored & 1 << number - 1
    assert {line for line in lines if line.isdigit()} <= {"0", "1", "2", "3"}  # 3 is ls's own
    assert lines[0] in lines[1:]
