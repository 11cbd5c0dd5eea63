"""Launching on Linux itself: the program is looked up as a shell would."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringtaw_premain.errors import CannotExecuteError, PolicyError, ProgramNotFoundError
from ringtaw_premain.hookspecs import LaunchRequest, LaunchSpec
from ringtaw_premain.linux import linux_launch_spec


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "bin" / "app"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def launch(*argv: str, arguments: tuple[str, ...] = (), path: str | None = None) -> LaunchSpec:
    environ = {} if path is None else {"PATH": path}
    return linux_launch_spec(LaunchRequest(argv, environ, ("python3",), arguments))


def test_program_is_the_first_of_argv(program: Path) -> None:
    assert launch(str(program), "-v") == LaunchSpec(str(program), (str(program), "-v"), {})


def test_program_after_the_dashes_keeps_argv(program: Path) -> None:
    spec = launch("./marble", "-v", arguments=(str(program),))
    assert spec == LaunchSpec(str(program), ("./marble", "-v"), {})


def test_relative_program(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(program.parent)
    assert launch("./app").program == "./app"


def test_name_is_looked_up_in_the_new_path(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/bin")
    spec = launch("app", path=f"/nowhere:{program.parent}")
    assert spec.program == str(program)
    assert spec.argv == ("app",)


def test_the_look_up_passes_over_what_cannot_be_executed(program: Path, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    assert launch("app", path=f"{tmp_path}:{program.parent}").program == str(program)


def test_without_a_path_the_default_is_searched() -> None:
    assert launch("sh").program in ("/bin/sh", "/usr/bin/sh")


def test_name_that_is_not_in_the_path(tmp_path: Path) -> None:
    with pytest.raises(ProgramNotFoundError, match=r"app is not in PATH"):
        launch("app", path=str(tmp_path))


def test_missing_program(tmp_path: Path) -> None:
    with pytest.raises(ProgramNotFoundError, match="absent does not exist"):
        launch(str(tmp_path / "absent"))


def test_program_without_the_right_to_execute(program: Path) -> None:
    program.chmod(0o644)
    with pytest.raises(CannotExecuteError, match="not an executable file"):
        launch(str(program))


def test_program_that_is_a_directory(tmp_path: Path) -> None:
    with pytest.raises(CannotExecuteError, match="not an executable file"):
        launch(str(tmp_path))


def test_arguments_after_the_program(program: Path) -> None:
    with pytest.raises(PolicyError, match=r"arguments for the application were given: -x"):
        launch("./marble", arguments=(str(program), "-x"))


@pytest.mark.parametrize("arguments", [(), ("",)])
def test_empty_name(arguments: tuple[str, ...]) -> None:
    with pytest.raises(PolicyError, match="name is empty"):
        launch("", arguments=arguments)
