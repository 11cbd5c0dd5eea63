"""Completion, asked of real shells that have read the script ``ringtaw completion`` prints."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.installed import RINGTAW, Workplace

SECONDS = 30


def needs(shell: str) -> str:
    """Return the path of a shell, or skip the test where it is not installed."""
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    return path


def shell_environment(place: Workplace) -> dict[str, str]:
    environment = {**place.environ(), "HOME": str(place.folder), "TERM": "dumb", "LC_ALL": "C"}
    return {**environment, "PATH": f"{RINGTAW.parent}:{environment['PATH']}"}


def script(place: Workplace, shell: str) -> Path:
    return place.write(f"script.{shell}", place.run("completion", shell).stdout)


def in_bash(place: Workplace, *words: str) -> list[str]:
    """Return what bash would offer after these words, the last of which is incomplete."""
    ask = (
        f'source {script(place, "bash")}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
        " compopt() { :; }; _ringtaw_completion ringtaw; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(
        [needs("bash"), "--norc", "-c", ask, "bash", "ringtaw", *words],
        cwd=place.folder,
        env=shell_environment(place),
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    assert done.stderr == ""
    return done.stdout.split()


def in_fish(place: Workplace, line: str) -> dict[str, str]:
    """Return what fish would offer after a line, and what it says about each."""
    done = subprocess.run(
        [
            needs("fish"),
            "--no-config",
            "-c",
            f"source {script(place, 'fish')}; complete -C '{line}'",
        ],
        cwd=place.folder,
        env=shell_environment(place),
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    return {
        name: text
        for name, _, text in (offer.partition("\t") for offer in done.stdout.splitlines())
    }


@contextmanager
def on_terminal(place: Workplace, *command: str) -> Iterator[int]:
    """Run an interactive shell; yields the terminal's other end."""
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        command,
        cwd=place.folder,
        env=shell_environment(place),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield ours
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)


def wait_for(terminal: int, text: str) -> str:
    """Read until a text is shown."""
    shown, end = "", time.monotonic() + SECONDS
    while text not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"{text!r} is not in {shown!r}"
        shown += os.read(terminal, 65536).decode(errors="replace")
    return shown


def test_bash_offers_commands_and_adapters(kiosk: Workplace) -> None:
    offered = in_bash(kiosk, "")
    assert {"status", "manifest", "verify", "plugins", "gramine", "kiosk"} <= set(offered)
    assert in_bash(kiosk, "manifest", "upd") == ["update"]
    assert in_bash(kiosk, "kio") == ["kiosk"]
    assert in_bash(kiosk, "kiosk", "che") == ["check"]


def test_bash_offers_options_and_their_values(kiosk: Workplace) -> None:
    assert in_bash(kiosk, "status", "--era") == ["--era-config"]
    assert in_bash(kiosk, "plugins", "--format", "") == ["text", "json"]
    assert in_bash(kiosk, "completion", "f") == ["fish"]


@pytest.mark.parametrize(
    "words", [["broken", ""], ["simulation", ""], ["plugins", "--bogus", ""], ["help", "bogus", ""]]
)
def test_where_nothing_can_follow_nothing_is_said(kiosk: Workplace, words: list[str]) -> None:
    kiosk.install("broken", "raise SystemExit(7)")
    assert in_bash(kiosk, *words) == []


def test_tab_in_bash_completes_commands_and_files(kiosk: Workplace) -> None:
    kiosk.write("a-manifest.json", "{}")
    with on_terminal(kiosk, needs("bash"), "--norc", "-i") as terminal:
        os.write(terminal, f"source {script(kiosk, 'bash')}; echo re''ady\n".encode())
        wait_for(terminal, "ready")
        os.write(terminal, b"ringtaw manifest sig\t")
        wait_for(terminal, "signature")
        os.write(terminal, b"a-man\t")
        wait_for(terminal, "a-manifest.json")


def test_tab_in_zsh_completes_commands_and_files(kiosk: Workplace) -> None:
    kiosk.write("a-manifest.json", "{}")
    with on_terminal(kiosk, needs("zsh"), "-f", "-i") as terminal:
        ready = f"autoload -U compinit; compinit -u; source {script(kiosk, 'zsh')}; echo re''ady\n"
        os.write(terminal, ready.encode())
        wait_for(terminal, "ready")
        os.write(terminal, b"ringtaw manifest sig\t")
        wait_for(terminal, "signature")
        os.write(terminal, b"a-man\t")
        wait_for(terminal, "a-manifest.json")


def test_fish_offers_commands_with_what_they_do(kiosk: Workplace) -> None:
    assert list(in_fish(kiosk, "ringtaw sta")) == ["status"]
    assert list(in_fish(kiosk, "ringtaw kiosk che")) == ["check"]
    assert "--era-config" in in_fish(kiosk, "ringtaw status --")


def test_fish_shows_what_a_command_does_beyond_a_comma(kiosk: Workplace) -> None:
    offered = in_fish(kiosk, "ringtaw manifest up")
    assert offered == {"update": "Update the manifest, if need be by several users."}


def test_help_is_completed_by_the_commands_that_it_can_explain(kiosk: Workplace) -> None:
    assert in_bash(kiosk, "help", "manif") == ["manifest"]
    assert in_bash(kiosk, "help", "manifest", "s") == ["set", "signature"]
    assert in_bash(kiosk, "help", "manifest", "set", "") == []


def test_the_words_of_errors_do_not_reach_a_person_who_presses_tab(kiosk: Workplace) -> None:
    kiosk.environment.update(
        {"_RINGTAW_COMPLETE": "bash_complete", "COMP_WORDS": "ringtaw tdx ", "COMP_CWORD": "2"}
    )
    done = kiosk.run()
    assert (done.stdout, done.stderr) == ("", "")


def test_another_shell_is_a_mistake_on_the_command_line(kiosk: Workplace) -> None:
    assert kiosk.run("completion", "tcsh").returncode == 2
