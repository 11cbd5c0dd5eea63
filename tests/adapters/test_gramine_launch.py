"""Gramine: the program is the one that the measured ``loader.argv`` names."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringtaw_gramine.runtime import GramineRuntime
from ringtaw_premain.errors import CannotExecuteError, PolicyError, ProgramNotFoundError
from ringtaw_premain.hookspecs import LaunchRequest, LaunchSpec

ARGV = ("./named-in-the-manifest", "--flag")
ENVIRON = {"A": "1"}


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "app"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def launch(*command_line: str, arguments: tuple[str, ...] = ()) -> LaunchSpec:
    request = LaunchRequest(ARGV, ENVIRON, command_line, arguments)
    return GramineRuntime().launch_spec(request)


def test_program_after_the_dashes(program: str) -> None:
    spec = launch("python3", "-m", "ringtaw_premain", "--", program, arguments=(program,))
    assert spec == LaunchSpec(program, ARGV, ENVIRON)


def test_program_first_as_in_marblerun(program: str) -> None:
    assert launch(program, "-m", "ringtaw_premain") == LaunchSpec(program, ARGV, ENVIRON)


def test_relative_program(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(program).parent)
    assert launch("app").program == "app"


def test_python_after_the_dashes_is_a_program(program: str) -> None:
    python = Path(program).with_name("python3")
    Path(program).rename(python)
    assert launch("python3", arguments=(str(python),)).program == str(python)


@pytest.mark.parametrize(
    "first",
    ["python", "python3", "/usr/bin/python3.11", "/opt/bin/python3.13", "ringtaw-premain",
     "/usr/bin/ringtaw-premain", ""],
)  # fmt: skip
def test_no_program_is_named(first: str) -> None:
    with pytest.raises(PolicyError) as raised:
        launch(first, "-m", "ringtaw_premain")
    assert 'end loader.argv with "--"' in str(raised.value)
    assert "put the application's path first" in str(raised.value)


def test_empty_command_line() -> None:
    with pytest.raises(PolicyError, match="empty string"):
        launch()


def test_empty_name_after_the_dashes() -> None:
    with pytest.raises(PolicyError, match="empty string"):
        launch("python3", arguments=("",))


def test_arguments_after_the_program(program: str) -> None:
    with pytest.raises(PolicyError, match=r"gives the application arguments: -x y .*Argv"):
        launch("python3", arguments=(program, "-x", "y"))


def test_missing_program(tmp_path: Path) -> None:
    with pytest.raises(ProgramNotFoundError, match=r"absent does not exist in the enclave"):
        launch(str(tmp_path / "absent"))


def test_program_without_the_right_to_execute(program: str) -> None:
    Path(program).chmod(0o644)
    with pytest.raises(CannotExecuteError, match=r"not an executable file .*chmod"):
        launch(program)


def test_program_that_is_a_directory(tmp_path: Path) -> None:
    with pytest.raises(CannotExecuteError, match="not an executable file"):
        launch(str(tmp_path))
