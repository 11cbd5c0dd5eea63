"""``ringtaw adapter``: make an adapter of one's own, try it, check it. Needs the testkit."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from ringtaw_cli import output
from ringtaw_cli.command import Command, LazyGroup, format_option
from ringtaw_cli.exits import ExitCode
from ringtaw_cli.table import Entry

if TYPE_CHECKING:
    from ringtaw_testkit.conformance.model import Case
    from ringtaw_testkit.harness import Harness

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")

_HARNESS = click.option(
    "--harness",
    metavar="REFERENCE",
    default="",
    help="How to get inside the runtime here: MODULE:CLASS or FILE.py:CLASS. Default: what "
    "[tool.ringtaw.check.NAME] of ./pyproject.toml says.",
)


def _with_testkit(command: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """Say what is missing where the testkit is not installed."""

    @wraps(command)
    def run(*arguments: Parameters.args, **settings: Parameters.kwargs) -> Returned:
        if find_spec("ringtaw_testkit") is None:
            output.error_block(
                "ringtaw adapter needs the testkit, which is not installed",
                "pip install ringtaw-testkit",
            )
            raise click.exceptions.Exit(ExitCode.FAILED)
        return command(*arguments, **settings)

    return run


@click.command(
    "new",
    cls=Command,
    examples=["shoebox", "shoebox --directory ~/adapters/shoebox"],
    short_help="Make the package of a new adapter.",
)
@click.argument("name")
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    help="New directory for it. [default: ringtaw-adapter-NAME]",
)
@_with_testkit
def new(name: str, directory: Path | None) -> None:
    """Make the package of a new adapter.

    It works at once, on a make-believe platform: install it, try it, check it, then replace one
    hook after the other. Nothing is written if the directory exists or the name cannot be used.
    """
    from ringtaw_testkit.scaffold import ScaffoldError, new_adapter

    try:
        made = new_adapter(name, directory)
    except ScaffoldError as error:
        raise click.UsageError(str(error)) from None
    output.data(str(made))
    output.say(f"next: cd {made} && pip install -e '.[build,test]' && ringtaw adapter try {name}")


@click.command(
    "try",
    cls=Command,
    examples=["shoebox", "shoebox -- one two"],
    short_help="Bring up one Marble with an adapter.",
)
@click.argument("name")
@click.argument("arguments", nargs=-1)
@_HARNESS
@_with_testkit
def try_(name: str, arguments: tuple[str, ...], harness: str) -> None:
    """Bring up one Marble with an adapter, at a simulated Coordinator.

    The exit code is that of the premain, or of the application that it became.
    """
    from ringtaw_testkit.harness import HarnessError
    from ringtaw_testkit.trial import bring_up

    try:
        ran = bring_up(name, _harness(name, harness), arguments)
    except HarnessError as error:
        raise click.UsageError(str(error)) from None
    click.echo(ran.stderr, err=True, nl=False)
    click.echo(ran.stdout, nl=False)
    raise click.exceptions.Exit(ran.returncode)


@click.command(
    "check",
    cls=Command,
    examples=["shoebox --only launch", "shoebox --report report.json"],
    short_help="Check that an adapter keeps the contract.",
)
@click.argument("name")
@click.option(
    "--expected-failures",
    type=click.Path(path_type=Path, dir_okay=False),
    help="TOML file: the names of cases that are known to fail, each with its reason. Default: "
    "what [tool.ringtaw.check.NAME] of ./pyproject.toml says.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the report, as JSON, to this file too.",
)
@click.option(
    "--side", type=click.Choice(["runtime", "build"]), help="Check this side alone. [default: both]"
)
@click.option(
    "--only",
    multiple=True,
    metavar="SUBJECT",
    help="Check this subject alone, the part of a case's name before the slash; may be repeated.",
)
@_HARNESS
@format_option()
@_with_testkit
def check(
    name: str,
    expected_failures: Path | None,
    report: Path | None,
    side: str | None,
    only: tuple[str, ...],
    harness: str,
    output_format: str,
) -> None:
    """Check that an adapter keeps the contract, also under attack.

    Exit code 0 if it does, 11 if not, 2 for wrong usage. What needs the adapter's runtime is
    skipped where no harness says how to get inside.
    """
    from ringtaw_premain.plugins import installed_adapters
    from ringtaw_testkit.conformance.cases import ALL
    from ringtaw_testkit.conformance.expected import (
        ExpectedFailuresError,
        read_expected_failures,
    )
    from ringtaw_testkit.conformance.model import Side
    from ringtaw_testkit.conformance.suite import check_adapter

    if name not in (known := installed_adapters()):
        raise click.UsageError(f"there is no adapter {name!r}; installed: {', '.join(known)}")
    path = expected_failures or _listed_expected_failures(name)
    try:
        expected = read_expected_failures(path, {case.name for case in ALL}) if path else {}
    except ExpectedFailuresError as error:
        raise click.UsageError(str(error)) from None
    result = check_adapter(
        name,
        _harness(name, harness),
        sides=[Side(side)] if side else list(Side),
        cases=_of_subjects(ALL, only),
        expected_failures=expected,
    )
    content = json.dumps(result.as_json(), indent=2)
    if report:
        report.write_text(content + "\n", encoding="utf-8")
    output.data(content + "\n" if output_format == "json" else result.as_text(), end="")
    raise click.exceptions.Exit(ExitCode.OK if result.passed else ExitCode.POLICY_MISMATCH)


def _of_subjects(cases: Sequence[Case], subjects: Sequence[str]) -> Sequence[Case]:
    known = dict.fromkeys(case.subject for case in cases)
    if unknown := [subject for subject in subjects if subject not in known]:
        raise click.UsageError(f"there is no subject {unknown[0]!r}; there is {', '.join(known)}")
    return [case for case in cases if not subjects or case.subject in subjects]


def _harness(name: str, reference: str) -> Harness:
    from ringtaw_testkit.harness import HarnessError, find_harness

    try:
        return find_harness(name, reference)
    except HarnessError as error:
        raise click.UsageError(str(error)) from None


def _listed_expected_failures(name: str) -> Path | None:
    from ringtaw_testkit.harness import HarnessError, check_settings

    try:
        listed = check_settings(name, Path()).get("expected-failures")
    except HarnessError as error:
        raise click.UsageError(str(error)) from None
    return Path(str(listed)) if listed else None


adapter = LazyGroup(
    "adapter",
    help="Make an adapter of one's own, try it and check it.",
    entries={
        "new": Entry("ringtaw_cli.adapter:new", "Make the package of a new adapter."),
        "try": Entry("ringtaw_cli.adapter:try_", "Bring up one Marble with an adapter."),
        "check": Entry("ringtaw_cli.adapter:check", "Check that an adapter keeps the contract."),
    },
    examples=["new shoebox", "try shoebox", "check shoebox"],
)
