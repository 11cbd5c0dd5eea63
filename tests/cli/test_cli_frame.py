"""What holds for every command: start-up, help, errors, exit codes, colour."""

from __future__ import annotations

import os
import re
import tomllib
from importlib import import_module
from pathlib import Path

import click
import pytest
import ringtaw_cli
from ringtaw_buildkit.document import DocumentError
from ringtaw_cli.command import Command, load_command
from ringtaw_cli.exits import BY_ERROR, ExitCode, exit_code
from ringtaw_cli.output import printable
from ringtaw_cli.program import program
from ringtaw_cli.table import ADAPTER_COMMANDS, ADAPTERS, COMMANDS, OPTIONS, SECTIONS, Entry
from ringtaw_premain.errors import CannotExecuteError, PlatformError
from ringtaw_premain.hookspecs import ENTRY_POINT_GROUP

from tests.cli.installed import Workplace
from tests.cli.terminal import in_terminal

PROJECT = Path(__file__).parents[2]
ENTRIES = {**COMMANDS, **ADAPTER_COMMANDS}


def test_the_version_is_that_of_the_distribution(place: Workplace) -> None:
    table = tomllib.loads((PROJECT / "cli/pyproject.toml").read_text())
    assert table["project"]["version"] == ringtaw_cli.__version__
    assert place.run("--version").stdout == f"ringtaw {ringtaw_cli.__version__}\n"


def test_the_group_of_entry_points_is_the_contracts() -> None:
    assert ADAPTERS == ENTRY_POINT_GROUP


def test_help_lists_commands_and_adapters_of_third_parties(kiosk: Workplace) -> None:
    shown = kiosk.run("--help").stdout
    assert re.search("plugins +List the installed adapters.\n", shown)
    for name in ("ego", "gramine", "kiosk", "occlum"):
        assert f"  {name} " in shown


def test_help_has_each_command_in_one_section() -> None:
    placed = [name for names in SECTIONS.values() for name in names]
    assert sorted(placed) == sorted(COMMANDS), "say in table.py whom a command is for"


def test_help_has_the_options_that_are_taken() -> None:
    ctx = click.Context(program, **program.context_settings)
    taken = [option.get_help_record(ctx) for option in program.get_params(ctx)]
    assert taken == list(OPTIONS.items())


def test_help_is_laid_out_as_that_of_its_commands() -> None:
    ctx = click.Context(program, info_name="ringtaw", terminal_width=60, **program.context_settings)
    formatter = ctx.make_formatter()
    program.format_usage(ctx, formatter)
    program.format_help_text(ctx, formatter)
    click.Command.format_options(program, ctx, formatter)
    for title, names in SECTIONS.items():
        with formatter.section(title):
            formatter.write_dl([(name, COMMANDS[name].summary) for name in names])
    assert program.get_help(ctx).startswith(formatter.getvalue())


@pytest.mark.parametrize("command", ["status", ""])
@pytest.mark.parametrize("columns", ["", "70", "200", "none"])
def test_help_is_as_wide_as_a_terminal_but_can_be_read(
    place: Workplace, columns: str, command: str
) -> None:
    place.environment["COLUMNS"] = columns
    lines = place.run(*command.split(), "--help").stdout.splitlines()
    width = max(len(line) for line in lines if "$" not in line)  # examples can be copied whole
    assert width <= {"70": 68, "200": 98}.get(columns, 78)
    assert width > {"70": 60, "200": 80}.get(columns, 70)


@pytest.mark.parametrize("words", [[], ["plugins"], ["manifest", "update"], ["kiosk", "check"]])
def test_help_is_a_command_too(kiosk: Workplace, words: list[str]) -> None:
    assert kiosk.run("help", *words).stdout == kiosk.run(*words, "-h").stdout


def test_a_broken_adapter_is_listed_and_harms_nothing(kiosk: Workplace) -> None:
    kiosk.install("broken", "raise SystemExit(7)")
    assert "  broken " in kiosk.run("--help").stdout
    assert kiosk.run("kiosk", "--help").returncode == ExitCode.OK


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=list(ENTRIES))
def test_the_table_tells_what_the_commands_tell_and_all_have_examples(entry: Entry) -> None:
    command = load_command(entry)
    assert command.help is not None
    assert command.help.splitlines()[0] == entry.summary
    if not isinstance(command, click.Group):
        assert isinstance(command, Command)
        assert command.examples


def test_help_of_a_command_has_its_examples_under_the_name_it_was_called_by(
    kiosk: Workplace,
) -> None:
    shown = kiosk.run("kiosk", "check", "--help").stdout
    assert "Examples:\n  $ ringtaw kiosk check CONFIG\n" in shown


@pytest.mark.parametrize(
    ("arguments", "message", "step"),
    [
        (["plugin"], "there is no command 'plugin'; did you mean 'plugins'?", "see: ringtaw --h"),
        (["help", "manifest", "sett"], "no command 'sett'; did you mean 'set'?", "ringtaw manif"),
        (["xyzzy"], "'xyzzy', and no adapter of that name is installed", "see: ringtaw --help"),
        (["install", "--simulation"], "'install': what is about Kubernetes is left to", "see: "),
        (["completion"], "'{bash|zsh|fish}'. Choose from: bash, zsh, fish", "see: ringtaw compl"),
        (["status", "x", "-e"], "option '-e' requires an argument", "see: ringtaw status --help"),
        (["help", "plugins", "x"], "there is no command 'x'", "see: ringtaw plugins --help"),
        (["kiosk", "chek"], "there is no command 'chek'; did you mean 'check'?", "ringtaw kiosk -"),
        (["plugins", "--bogus"], "no such option '--bogus'", "see: ringtaw plugins --help"),
        (["kiosk", "check"], "missing argument 'CONFIG...'", "see: ringtaw kiosk check --help"),
        (["kiosk", "check", "-D", "hidden", "x"], "must have the form KEY=VALUE", "see: "),
    ],
)
def test_a_mistake_on_the_command_line_is_one_block(
    kiosk: Workplace, arguments: list[str], message: str, step: str
) -> None:
    done = kiosk.run(*arguments)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    first, second = done.stderr.splitlines()
    assert first.startswith("error: ")
    assert message in first
    assert step in second
    assert "hidden" not in done.stderr


@pytest.mark.parametrize("words", [[], ["manifest"], ["manifest", "update"], ["kiosk"]])
def test_a_command_line_without_a_command_is_answered_by_help(
    kiosk: Workplace, words: list[str]
) -> None:
    done = kiosk.run(*words)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert done.stderr == kiosk.run(*words, "--help").stdout


@pytest.mark.parametrize("name", ["ego", "gramine", "occlum"])
def test_an_adapter_that_is_not_installed_can_be(name: str) -> None:
    said = program.unknown_command(name, ())
    assert said.endswith(f"is installed: pip install 'ringtaw-adapter-{name}[build]'")
    table = tomllib.loads((PROJECT / f"adapters/{name}/pyproject.toml").read_text())
    assert table["project"]["name"] == f"ringtaw-adapter-{name}"
    assert "build" in table["project"]["optional-dependencies"]


def test_an_unforeseen_exception_is_told_without_its_text(kiosk: Workplace) -> None:
    artefact = kiosk.write("kiosk.sig", '{"unique_id": "secret"}')
    done = kiosk.run("kiosk", "package-properties", str(artefact))
    assert done.returncode == ExitCode.FAILED
    assert "error: adapter(kiosk): package_properties failed with KeyError\n" in done.stderr
    assert "Traceback" not in done.stderr
    traced = kiosk.run("--debug", "kiosk", "package-properties", str(artefact))
    assert "KeyError: 'signer_id'" in traced.stderr


def test_a_missing_file_is_named_with_what_to_do(kiosk: Workplace) -> None:
    done = kiosk.run("kiosk", "check", "missing.toml")
    assert done.returncode == ExitCode.FAILED
    expected = "error: adapter(kiosk): missing.toml: No such file or directory\n  check the path\n"
    assert done.stderr == expected


@pytest.mark.parametrize("reference", BY_ERROR)
def test_every_error_of_the_table_exists(reference: str) -> None:
    module, _, name = reference.partition(":")
    assert issubclass(getattr(import_module(module), name), Exception)


def test_the_nearest_class_of_an_error_counts() -> None:
    assert exit_code(CannotExecuteError("x")) is ExitCode.CANNOT_EXECUTE
    assert exit_code(PlatformError("x")) is ExitCode.FAILED
    assert exit_code(DocumentError("x", 1, "y", "z")) is ExitCode.FAILED
    assert exit_code(ValueError("x")) is None


WRITERS = ["kiosk check kiosk.toml", "--help", "--version"]


@pytest.mark.parametrize("line", WRITERS)
def test_a_reader_that_has_gone_is_no_error(kiosk: Workplace, line: str) -> None:
    kiosk.write("kiosk.toml", "threads = 0\n")
    reading, writing = os.pipe()
    os.close(reading)
    done = kiosk.run_into(writing, *line.split())
    os.close(writing)
    assert (done.returncode, done.stderr) == (ExitCode.FAILED, "")


@pytest.mark.parametrize("line", WRITERS)
def test_a_full_disk_is_an_error(kiosk: Workplace, line: str) -> None:
    kiosk.write("kiosk.toml", "threads = 0\n")
    with Path("/dev/full").open("w") as full:
        done = kiosk.run_into(full.fileno(), *line.split())
    assert done.returncode == ExitCode.FAILED
    assert "error: " in done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("line", WRITERS)
def test_a_closed_stdout_is_an_error(kiosk: Workplace, line: str) -> None:
    kiosk.write("kiosk.toml", "threads = 0\n")
    done = kiosk.run_closed(">&-", *line.split())
    assert (done.returncode, done.stderr[:7]) == (ExitCode.FAILED, "error: ")
    assert "cannot write stdout: Bad file descriptor\n" in done.stderr


def test_a_closed_stdin_is_no_defect(kiosk: Workplace) -> None:
    done = kiosk.run_closed("<&-", "manifest", "check", "-")
    assert done.returncode == ExitCode.FAILED
    assert done.stderr.startswith("error: cannot read stdin: Bad file descriptor\n")


def test_an_interruption_while_modules_are_loaded_has_no_traceback(place: Workplace) -> None:
    (place.site / "click.py").write_text("raise KeyboardInterrupt")
    done = place.run("status", "localhost")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted\n")


@pytest.mark.parametrize("how", ["2>&-", "2>/dev/full"])
def test_work_goes_on_if_nobody_can_be_told(kiosk: Workplace, how: str) -> None:
    kiosk.write("kiosk.toml", "threads = 0\n")
    done = kiosk.run_closed(how, "kiosk", "check", "kiosk.toml")
    assert (done.returncode, done.stderr) == (ExitCode.POLICY_MISMATCH, "")
    assert "kiosk.toml:1: error" in done.stdout


def test_control_characters_never_reach_a_terminal() -> None:
    assert printable("a\tb\x1b[31m\x9b\n\x7f") == "a\tb\\x1b[31m\\x9b\\x0a\\x7f"


@pytest.mark.parametrize(
    ("environment", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)],
)
def test_colour_is_for_terminals_and_those_who_want_it(
    kiosk: Workplace, environment: dict[str, str], is_coloured: bool
) -> None:
    kiosk.environment.update({"TERM": "xterm", **environment})
    kiosk.write("kiosk.toml", "threads = 0\n")
    _, shown = in_terminal(kiosk, "kiosk", "check", "kiosk.toml")
    assert "kiosk.toml:1: " in shown
    assert ("\x1b[31m" in shown) is is_coloured
    assert "\x1b" not in kiosk.run("kiosk", "check", "kiosk.toml").stdout


def test_help_of_an_adapter_that_can_do_nothing_here_says_why(place: Workplace) -> None:
    result = place.run("simulation", "--help")
    assert result.returncode == 0
    assert "has no build side" in result.stdout
    assert "Examples" not in result.stdout
