"""``ringtaw doctor``: the command."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from ringtaw_buildkit.counting import counted

from ringtaw_cli.command import Command, Seconds, format_option
from ringtaw_cli.doctor.findings import Finding, Level
from ringtaw_cli.exits import ExitCode
from ringtaw_cli.output import data, json_data, printable

if TYPE_CHECKING:
    from ringtaw_cli.doctor.machine import Machine

_COLOURS: Final = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "red"}


@click.command(
    cls=Command, examples=("", "--pccs https://pccs.example:8081", "--offline --format json")
)
@click.option("--pccs", metavar="URL", default="", help="A PCCS to try to reach.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=Seconds(0.1, 60),
    default=2.0,
    show_default=True,
    help="For each program or host that is asked.",
)
@click.option("--offline", is_flag=True, help="Ask no host.")
@format_option()
def doctor(pccs: str, timeout: float, offline: bool, output_format: str) -> int:
    """Look at this machine, and say what is wrong.

    SGX and TDX, AESM, the source of collateral, libOSes, adapters, settings in the environment and
    the Coordinator's directory. Each finding that is not ok says why it matters and what to do. The
    exit code is 0 unless there are problems.
    """
    from ringtaw_cli.doctor.machine import Machine

    machine = Machine(Path("/"), dict(os.environ), Path.cwd(), timeout, network=not offline)
    findings = list(examine(machine, pccs))
    if output_format == "json":
        json_data(findings=[asdict(finding) for finding in findings])
    else:
        _text(findings)
    failed = any(finding.level is Level.PROBLEM for finding in findings)
    return ExitCode.FAILED if failed else ExitCode.OK


def examine(machine: Machine, pccs: str = "") -> Iterator[Finding]:
    """Look at everything."""
    from ringtaw_cli.doctor import hardware, services, settings, software

    parts: Iterable[Iterator[Finding]] = (
        hardware.look_at_kernel(machine),
        hardware.look_at_sgx(machine),
        hardware.look_at_tdx(machine),
        services.look_at_aesm(machine),
        services.look_at_collateral(machine, pccs),
        software.look_at_python(machine),
        software.look_at_liboses(machine),
        software.look_at_plugins(machine),
        settings.look_at_settings(machine),
        settings.look_at_seal_directory(machine),
    )
    for part in parts:
        yield from part


def _text(findings: Sequence[Finding]) -> None:
    for finding in findings:
        level = click.style(f"{finding.level.value:<8}", fg=_COLOURS[finding.level], bold=True)
        data(f"{level}{finding.area:<11}{printable(finding.what)}")
        if finding.why:
            data(f"{'':<19}{printable(finding.why)}")
            data(f"{'':<19}-> {printable(finding.cure)}")
    problems = sum(finding.level is Level.PROBLEM for finding in findings)
    warnings = sum(finding.level is Level.WARNING for finding in findings)
    data(f"{counted(problems, 'problem')}, {counted(warnings, 'warning')}")
