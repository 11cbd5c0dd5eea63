"""How findings are told: one line each, with what to do, or as JSON; and what they end with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from ringtaw_buildkit.counting import counted
from ringtaw_premain.build_hookspecs import Finding, Severity

from ringtaw_cli.exits import ExitCode
from ringtaw_cli.output import data, json_data, printable, say

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def tell(findings: Sequence[Finding], files: int, output_format: str) -> None:
    """Write findings to stdout; ``files`` is how many were looked at."""
    _json(findings) if output_format == "json" else _text(findings, files)


def verdict(findings: Sequence[Finding], *, strict: bool) -> ExitCode:
    """Return the exit code: errors count, with ``strict`` warnings too."""
    failed = [one for one in findings if strict or one.severity is Severity.ERROR]
    return ExitCode.POLICY_MISMATCH if failed else ExitCode.OK


def _text(findings: Sequence[Finding], files: int) -> None:
    for finding in findings:
        kind = click.style(finding.severity.value, fg=_COLOURS[finding.severity], bold=True)
        place = finding.file if finding.line is None else f"{finding.file}:{finding.line}"
        where = f"{finding.pointer}: " if finding.pointer else ""
        message = printable(f"{where}{finding.message}")
        data(f"{printable(place)}: {kind}[{printable(finding.code)}]: {message}")
        if finding.cure:
            data(f"    {printable(finding.cure)}")
    say(f"{_summary(findings)} in {counted(files, 'file')}")


def _json(findings: Sequence[Finding]) -> None:
    json_data(
        findings=[_members(finding) for finding in findings],
        errors=_count(findings, Severity.ERROR),
        warnings=_count(findings, Severity.WARNING),
    )


def _members(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity.value,
        "code": finding.code,
        "file": finding.file,
        "line": finding.line,
        "pointer": finding.pointer,
        "message": finding.message,
        "cure": finding.cure,
    }


def _summary(findings: Sequence[Finding]) -> str:
    errors = counted(_count(findings, Severity.ERROR), "error")
    return f"{errors}, {counted(_count(findings, Severity.WARNING), 'warning')}"


def _count(findings: Sequence[Finding], severity: Severity) -> int:
    return sum(finding.severity is severity for finding in findings)
