"""``ringtaw plugins``: the installed adapters, good and broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

import click
from ringtaw_buildkit.inspection import InstalledAdapter, Problem, inspect_adapters
from ringtaw_premain.hookspecs import API_VERSION

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.exits import ExitCode
from ringtaw_cli.output import data, error_block, json_data, printable
from ringtaw_cli.table import COMMANDS


@click.command(cls=Command, examples=("", "--format json"))
@format_option()
def plugins(output_format: str) -> int:
    """List the installed adapters.

    With distribution, hooks of both sides, version of the contract, files and their SHA-256. What
    is wrong with one goes to stderr with what to do, and makes the exit code 1.
    """
    adapters = [_beside_commands(adapter) for adapter in inspect_adapters()]
    _json(adapters) if output_format == "json" else _text(adapters)
    for problem in [problem for adapter in adapters for problem in adapter.problems]:
        error_block(problem.message, problem.cure)
    has_problems = any(adapter.problems for adapter in adapters)
    return ExitCode.FAILED if has_problems else ExitCode.OK


def _beside_commands(adapter: InstalledAdapter) -> InstalledAdapter:
    """Add the problem of an adapter whose group is hidden by a command of its name."""
    if adapter.name not in COMMANDS:
        return adapter
    message = f"adapter({adapter.name}): ringtaw {adapter.name} is a command of another meaning"
    problem = Problem(message, f"ask the makers of {adapter.distribution} for another name")
    return replace(adapter, problems=(*adapter.problems, problem))


def _json(adapters: Sequence[InstalledAdapter]) -> None:
    json_data(api_version=API_VERSION, adapters=[asdict(adapter) for adapter in adapters])


def _text(adapters: Sequence[InstalledAdapter]) -> None:
    for adapter in adapters:
        data(click.style(printable(adapter.name), bold=True))
        for key, value in _rows(adapter):
            data(f"  {key:<13}{printable(value)}")


def _rows(adapter: InstalledAdapter) -> list[tuple[str, str]]:
    version = "unknown" if adapter.api_version is None else str(adapter.api_version)
    rows = [
        ("summary", adapter.summary),
        ("distribution", f"{adapter.distribution} {adapter.version}"),
        ("API version", version),
        ("runtime", ", ".join(adapter.runtime_hooks) or "no hooks"),
        ("build", ", ".join(adapter.build_hooks) or "no hooks"),
        *(("file", f"{file.path} sha256:{file.sha256}") for file in adapter.files),
        *(("problem", problem.message) for problem in adapter.problems),
    ]
    return [row for row in rows if row[1]]
