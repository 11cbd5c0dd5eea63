"""How a verdict is told: a line for each check and a last one for all, or JSON."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import click
from ringtaw_buildkit.counting import counted

from ringtaw_cli.exits import ExitCode, exit_code
from ringtaw_cli.output import data, json_data, printable
from ringtaw_cli.verify.facts import stamp

if TYPE_CHECKING:
    from ringtaw_client import ClientError, Manifest, VerifiedCoordinator, VerifiedMarble

    from ringtaw_cli.verify.ledger import Ledger, Row
    from ringtaw_cli.verify.live import Found

_SIGNS: Final[Mapping[bool | None, tuple[str, str, str]]] = {
    True: ("✓", "ok", "green"),
    False: ("✗", "FAILED", "red"),
    None: ("·", "-", "blue"),
}
_RESULTS: Final = {True: "passed", False: "failed", None: "noted"}


def tell_text(ledger: Ledger, found: Found) -> None:
    """Write the lines, by whom they are about, and the verdict."""
    unicode = _writes_unicode()
    for subject, rows in groupby(ledger.rows, key=lambda row: row.subject):
        data(click.style(printable(subject), bold=True))
        for row in rows:
            data(_line(row, unicode=unicode))
    data(_verdict(ledger, found))


def tell_json(ledger: Ledger, found: Found) -> None:
    """Write everything as one object."""
    json_data(
        verified=not ledger.failed,
        time=stamp(found.time),
        checks=[
            {
                "subject": row.subject,
                "name": row.name,
                "result": _RESULTS[row.passed],
                "expected": row.expected,
                "found": row.found,
            }
            for row in ledger.rows
        ],
        coordinator=_coordinator(found.coordinator),
        manifest=_manifest(found.manifest),
        marbles=[_marble(marble) for marble in found.marbles],
        errors=[_error(error) for error in ledger.errors],
    )


def _line(row: Row, *, unicode: bool) -> str:
    beautiful, plain, colour = _SIGNS[row.passed]
    sign = click.style(beautiful if unicode else f"{plain:<6}", fg=colour, bold=True)
    expected = f"expected {row.expected}, found " if row.passed is not None else ""
    return f"  {sign} {row.name:<21} {printable(expected + row.found)}"


def _verdict(ledger: Ledger, found: Found) -> str:
    if ledger.failed:
        text = f"NOT VERIFIED: {ledger.failed} of {counted(ledger.checks, 'check')} failed"
        return click.style(text, fg="red", bold=True)
    passed = f"{counted(ledger.checks, 'check')} passed"
    if found.coordinator is not None and found.coordinator.report.is_software_tee:
        text = f"{passed}, by a SOFTWARE TEE, which protects nothing"
        return click.style(text, fg="yellow", bold=True)
    return click.style(f"verified: {passed}", fg="green", bold=True)


def _writes_unicode() -> bool:
    try:
        "✓✗·".encode(sys.stdout.encoding or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True


def _coordinator(verified: VerifiedCoordinator | None) -> dict[str, Any] | None:
    if verified is None:
        return None
    report = verified.report
    return {
        "address": str(verified.address),
        "certificate_sha256": verified.identity.fingerprint,
        "tcb_status": str(report.tcb.status),
        "advisories": list(report.tcb.advisories),
        "debug": report.debug,
        "software_tee": report.is_software_tee,
        "collateral": {"from": stamp(report.valid_from), "until": stamp(report.valid_until)},
    }


def _manifest(manifest: Manifest | None) -> dict[str, str] | None:
    return None if manifest is None else {"fingerprint": manifest.fingerprint}


def _marble(marble: VerifiedMarble) -> dict[str, str]:
    return {
        "address": marble.evidence.address,
        "type": marble.marble_type,
        "uuid": marble.uuid,
    }


def _error(error: ClientError) -> dict[str, Any]:
    return {
        "exit_code": int(exit_code(error) or ExitCode.FAILED),
        "where": error.where,
        "message": error.message,
        "hint": error.hint,
    }
