"""Manual pages: one for each command, which the formatters of manual pages take."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import click
import pytest
from ringtaw_cli.command import Command
from ringtaw_cli.exits import ExitCode
from ringtaw_cli.man import every_command
from ringtaw_cli.manual_page import manual_page
from ringtaw_cli.program import program

from tests.cli.installed import Workplace, workplace

DAY = {"SOURCE_DATE_EPOCH": "1770000000"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """All pages, among them those of an adapter of a third party."""
    place = workplace(tmp_path_factory.mktemp("man"))
    place.install_kiosk()
    place.environment.update(DAY)
    done = place.run("man", "--output", "pages")
    assert done.returncode == ExitCode.OK, done.stderr
    found = sorted((place.folder / "pages").iterdir())
    assert f"{len(found)} pages are in pages\n" in done.stderr
    return found


def page(of: click.Command, name: str = "tool") -> str:
    return manual_page(click.Context(of, info_name=name))


def test_there_is_one_for_each_command(pages: list[Path]) -> None:
    names = {path.name for path in pages}
    commands = {
        ctx.command_path.replace(" ", "-") + ".1"
        for name in ("status", "manifest", "adapter", "man")
        for ctx in every_command(_context(name))
    }
    assert commands <= names
    assert {"ringtaw.1", "ringtaw-manifest-update-apply.1", "ringtaw-kiosk-check.1"} <= names


def _context(name: str) -> click.Context:
    top = click.Context(program, info_name="ringtaw", **program.context_settings)
    command = program.get_command(top, name)
    assert command is not None
    return click.Context(command, info_name=name, parent=top)


def test_groff_takes_them_without_a_warning(pages: list[Path]) -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    command = ["groff", "-man", "-Tutf8", "-ww", "-z", *map(str, pages)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_mandoc_takes_them_without_a_warning(pages: list[Path]) -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    command = ["mandoc", "-Tlint", "-Wwarning", *map(str, pages)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


def test_man_shows_one(pages: list[Path]) -> None:
    if shutil.which("man") is None:
        pytest.skip("man is not installed")
    status = next(path for path in pages if path.name == "ringtaw-status.1")
    done = subprocess.run(
        ["man", "--warnings", "-l", str(status)],
        env={"PATH": "/usr/bin:/bin", "MANWIDTH": "100", "LC_ALL": "C", "MANPAGER": "cat"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert "ringtaw status [OPTIONS] HOST:PORT" in done.stdout
    assert "-e, --era-config FILE" in done.stdout
    assert "$ ringtaw status " in done.stdout


def test_a_page_has_what_the_command_says_and_nothing_is_a_request() -> None:
    tool = Command(
        "tool",
        examples=("--end '\\n'",),
        help="Do it.\n\n.so /etc/passwd\n\n\b\nas\n  it is",
        params=[click.Option(["--end"], help="'.fi' or \\fB.", envvar="TOOL_END")],
    )
    lines = page(tool).splitlines()
    assert "tool \\- Do it" in lines
    assert "\\&.so /etc/passwd" in lines
    assert lines[lines.index(".nf") : lines.index(".fi")] == [".nf", "as", "  it is"]
    assert "\\fB\\-\\-end TEXT\\fR" in lines
    assert "\\(aq.fi\\(aq or \\efB." in lines
    assert "\\fBTOOL_END\\fR" in lines
    assert "$ tool \\-\\-end \\(aq\\en\\(aq" in lines


def test_the_day_is_that_of_reproducible_builds(pages: list[Path]) -> None:
    title = next(path for path in pages if path.name == "ringtaw.1").read_text().splitlines()[0]
    assert title == '.TH "RINGTAW" "1" "2026-02-02" "ringtaw 0.1.0" "Ringtaw"'


def test_adapters_that_have_no_commands_are_named(kiosk: Workplace) -> None:
    kiosk.install("broken", "raise SystemExit(7)")
    done = kiosk.run("man", "-o", "pages")
    assert done.returncode == ExitCode.OK
    assert "no pages for ringtaw broken: " in done.stderr
    assert "no pages for ringtaw tdx: adapter(tdx): has no build side" in done.stderr


def test_a_folder_that_cannot_be_made_is_an_error(kiosk: Workplace) -> None:
    kiosk.write("file", "")
    done = kiosk.run("man", "-o", "file/pages")
    assert done.returncode == ExitCode.FAILED
    assert "cannot write file" in done.stderr
