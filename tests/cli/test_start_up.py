"""What ``ringtaw`` loads before it answers: modules cost time, so few are loaded for help."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.installed import Workplace

LIST_MODULES = """
import sys
before = set(sys.modules)
import atexit
def tell():
    print("\\n".join(sorted(set(sys.modules) - before)), file=sys.stderr)
atexit.register(tell)
from ringtaw_cli.__main__ import main
main()
"""
FRONT_PAGE = {
    "ringtaw_cli",
    *(f"ringtaw_cli.{name}" for name in ("__main__", "front_page", "table")),
    "ringtaw_premain",
    "ringtaw_premain._entry_points",
}
FRAME = FRONT_PAGE | {f"ringtaw_cli.{name}" for name in ("command", "exits", "output", "program")}
HEAVY = ("cryptography", "ringtaw_attestation", "ringtaw_coordinator", "ringtaw_testkit", "ssl")


def loaded(place: Workplace, *arguments: str, **environment: str) -> set[str]:
    """Return the modules that a command line loads."""
    done = subprocess.run(
        [sys.executable, "-c", LIST_MODULES, *arguments],
        env={**place.environ(), **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(done.stderr.split())


def outside_the_standard_library(modules: set[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] not in sys.stdlib_module_names}


def test_the_version_loads_nothing(kiosk: Workplace) -> None:
    modules = outside_the_standard_library(loaded(kiosk, "--version"))
    assert modules == {"ringtaw_cli", "ringtaw_cli.__main__"}


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
def test_help_loads_neither_click_nor_commands(kiosk: Workplace, arguments: list[str]) -> None:
    assert outside_the_standard_library(loaded(kiosk, *arguments)) == FRONT_PAGE


def test_help_needs_no_archives_to_know_the_width_of_a_terminal(kiosk: Workplace) -> None:
    assert not loaded(kiosk, "--help") & {"shutil", "bz2", "lzma"}


def test_help_of_a_group_loads_click_and_the_frame_beside_it(kiosk: Workplace) -> None:
    modules = outside_the_standard_library(loaded(kiosk, "manifest", "--help"))
    ours = {name for name in modules if name.startswith("ringtaw")}
    assert {name.partition(".")[0] for name in modules - ours} == {"click"}
    assert ours - FRAME == {"ringtaw_cli.operator", "ringtaw_cli.operator.manifest"}


@pytest.mark.parametrize("words", ["ringtaw ", "ringtaw sta", "ringtaw manifest "])
def test_completion_loads_no_command_to_list_them(kiosk: Workplace, words: str) -> None:
    modules = loaded(
        kiosk,
        _RINGTAW_COMPLETE="bash_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(words.count(" ")),
    )
    commands = {"ringtaw_cli.operator.manifest"} if "manifest" in words else set()
    package = {"ringtaw_cli.operator"} if commands else set()
    ours = {name for name in modules if name.startswith("ringtaw")}
    assert ours <= FRAME | commands | package


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "--help"],
        ["manifest", "--help"],
        ["manifest", "set", "--help"],
        ["secret", "get", "--help"],
        ["recover", "--help"],
        ["verify", "--help"],
        ["plugins", "--help"],
        ["kiosk", "--help"],
        ["kiosk", "check", "--help"],
        ["adapter", "check", "--help"],
        ["runtime", "build", "--help"],
        ["completion", "--help"],
        ["man", "--help"],
        ["check", "--help"],
        ["inspect", "certificate", "--help"],
    ],
    ids=" ".join,
)
def test_help_of_a_command_loads_no_cryptography(kiosk: Workplace, arguments: list[str]) -> None:
    heavy = {name.partition(".")[0] for name in loaded(kiosk, *arguments)} & set(HEAVY)
    assert heavy == set()


@pytest.mark.parametrize("arguments", [["doctor"], ["inspect", "quote"], ["verify"]], ids=" ".join)
def test_help_of_auditors_commands_loads_nothing_to_look_with(
    kiosk: Workplace, arguments: list[str]
) -> None:
    modules = loaded(kiosk, *arguments, "--help")
    assert not modules & {"json", "logging", "shutil", "socket", "subprocess", "tempfile"}
