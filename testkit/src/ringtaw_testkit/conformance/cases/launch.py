"""What a Marble becomes: the program, its arguments and its environment."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from ringtaw_testkit.conformance.context import Context, result_error
from ringtaw_testkit.conformance.model import Cases, Failed, Side, demand
from ringtaw_testkit.conformance.probe import CANARY, Observation

CASES: Final = Cases("launch", Side.RUNTIME)
_NAMES: Final = ("APP", "ARGV", "COMMAND", "ENTRYPOINT", "EXECUTABLE", "PROGRAM", "SHELL")
_ODD: Final = {
    "PATH": "/from/the/manifest",
    "LD_LIBRARY_PATH": "",
    "lower-case.and=": "is none",
    "SECRET": CANARY.decode(),
    "NOT_UTF_8": "\udcff\udcfe",
    "NEW_LINE": "a\nb",
    "UNICODE": "ü€",
}


@CASES.case(
    "starts-the-measured-program",
    because="which program gets the secrets is what the measurement and the manifest say",
)
def starts_the_measured_program(context: Context) -> None:
    """The program is the one of the Marble's Argv, or of the measured command line."""
    program = _program(context)
    spec = _launch(context, program).value
    demand(spec["program"] == str(program), f"it starts {spec['program']} instead")


@CASES.case(
    "is-not-told-by-the-host",
    because="the environment is the host's word; who names the program gets its secrets",
)
def is_not_told_by_the_host(context: Context) -> None:
    """No environment variable that the adapter reads changes which program starts."""
    program, decoy = _program(context), _program(context, "decoy")
    first = _launch(context, program)
    prefix = f"RINGTAW_{context.name.upper().replace('-', '_')}_"
    names = {*first.reads, *_NAMES, *(prefix + name for name in _NAMES)}
    names -= context.variables_inside()
    hostile = dict.fromkeys(names, str(decoy)) | {"PATH": str(decoy.parent)}
    second = _launch(context, program, variables=hostile)
    demand(
        second.error is not None or second.value["program"] == first.value["program"],
        "a variable of the host's names the program",
    )


@CASES.case(
    "keeps-the-environment",
    because="the application was promised what the manifest gives it, and nothing else",
)
def keeps_the_environment(context: Context) -> None:
    """The application's environment is exactly the one of the request, whatever is in it."""
    program = _program(context)
    spec = _launch(context, program, environ=_ODD).value
    changed = {
        name for name in {*_ODD, *spec["environ"]} if spec["environ"].get(name) != _ODD.get(name)
    }
    demand(not changed, f"it changes {', '.join(sorted(changed))}")


@CASES.case(
    "keeps-the-arguments",
    because="arguments come from the manifest; only how a program is called may differ",
)
def keeps_the_arguments(context: Context) -> None:
    """Arguments after the first are passed on as they are, empty and long ones too."""
    arguments = ["", " ", "--", "-c", "a b", "ü", "\udcff", "x" * 10000]
    program = _program(context)
    spec = _launch(context, program, arguments).value
    demand(spec["argv"][1:] == arguments, "it changes arguments")
    demand(len(spec["argv"]) == len(arguments) + 1, "it adds or removes arguments")


@CASES.case(
    "refuses-what-is-no-program",
    because="exit codes 126 and 127 tell an operator what to look for, and nothing else may start",
)
def refuses_what_is_no_program(context: Context) -> None:
    """A missing program, a directory and a file without x are refused, each with its own error."""
    directory = context.new_directory("no-program")
    plain = directory / "plain"
    plain.write_text("no program\n")
    for path, expected in (
        (directory / "missing", "ProgramNotFoundError"),
        (directory, "CannotExecuteError"),
        (plain, "CannotExecuteError"),
    ):
        text = result_error(_launch(context, path), expected)
        demand(str(path) in text, f"the error does not name {path}")


@CASES.case(
    "refuses-an-empty-name",
    because="an empty name is a template that had no value: nothing must start in its place",
)
def refuses_an_empty_name(context: Context) -> None:
    """A program whose name is empty is refused, and so is an Argv without any element."""
    for argv in ([""], []):
        asked = _ask(context, argv, [""] if not context.program_in_argv else [], {})
        if asked.error is None:
            raise Failed(f"with Argv {argv} it starts {asked.value['program']!r}")
        if argv:
            demand(not asked.error.foreign, f"it raised {asked.error}")


@CASES.case(
    "knows-the-default",
    because="a manifest without Argv gives ./marble, a path relative to the working directory",
)
def knows_the_default(context: Context) -> None:
    """The default Argv ./marble either starts that file or is refused, saying so."""
    if not context.program_in_argv:
        return
    asked = _ask(context, ["./marble"], [], {})
    result_error(asked, "ProgramNotFoundError", "PolicyError", "CannotExecuteError")
    marble = context.anywhere.directory / "marble"
    marble.write_text("#!/bin/sh\n")
    marble.chmod(0o755)
    asked = _ask(context, ["./marble"], [], {})
    marble.unlink()
    if asked.error:
        result_error(asked, "PolicyError", "ProgramNotFoundError")
        return
    program = context.anywhere.directory / asked.value["program"]
    demand(program == marble or program.name == "marble", f"it starts {program}")


def _program(context: Context, name: str = "application") -> Path:
    program = context.new_directory("program") / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def _launch(
    context: Context,
    program: Path,
    arguments: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Observation:
    after = [] if context.program_in_argv else [str(program)]
    return _ask(context, [str(program), *arguments], after, environ or {}, variables)


def _ask(
    context: Context,
    argv: list[str],
    arguments: list[str],
    environ: Mapping[str, str],
    variables: Mapping[str, str] | None = None,
) -> Observation:
    context.require_hook(context.anywhere, "launch_spec")
    command_line = [sys.executable, "-m", "ringtaw_premain", *(["--"] if arguments else [])]
    request = {
        "argv": argv,
        "environ": dict(environ),
        "command_line": command_line + arguments,
        "arguments": arguments,
    }
    return context.anywhere.call("launch_spec", request, environ=variables)
