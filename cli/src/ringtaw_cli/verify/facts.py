"""Checks and notes about a Coordinator beyond those that the client library makes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ringtaw_buildkit.counting import counted
from ringtaw_client import Check, CoordinatorIdentity, EvidenceRejectedError

from ringtaw_cli.output import printable

if TYPE_CHECKING:
    from ringtaw_attestation import Report
    from ringtaw_client import LogEntry, PendingUpdate


def collateral_check(report: Report, at: datetime) -> Check:
    """Say until when everything that the verdict rests on is in force.

    It is now, or the evidence would not have been verified.
    """
    found = f"from {stamp(report.valid_from)} until {stamp(report.valid_until)}"
    return Check("collateral", f"in force at {stamp(at)}", found, ok=True)


def require_pin(pinned: CoordinatorIdentity, found: CoordinatorIdentity, where: str) -> Check:
    """Compare the root certificate with the one that somebody trusted before.

    Raises:
        EvidenceRejectedError: It is another one.
    """
    check = Check("pin", pinned.fingerprint, found.fingerprint, pinned.root == found.root)
    if not check.ok:
        raise EvidenceRejectedError(
            "the Coordinator is genuine, and not the one whose certificate was kept",
            where=where,
            hint="it was set up anew, waits for recovery, or belongs to another deployment: keep "
            "its new certificate only if you know which",
            checks=[check],
        )
    return check


def platform_note(report: Report) -> str:
    """Return which kind of platform it is, at which versions."""
    platform = report.platform
    parts = [f"{name} {assessed.status}" for name, assessed in report.tcb_parts.items()]
    if platform is not None:
        parts.append(f"FMSPC {platform.fmspc.hex().upper()}")
        parts.append(f"PCE SVN {platform.pce_svn}, QE SVN {platform.qe_svn}")
    if report.tcb_evaluation_number is not None:
        parts.append(f"TCB evaluation data {report.tcb_evaluation_number}")
    return ", ".join(parts)


def log_note(log: Sequence[LogEntry]) -> str:
    """Return how long the update log is, and its latest entry."""
    if not log:
        return "empty"
    latest = log[-1]
    details = [
        f"{name} {value}" for name, value in latest.details.items() if not isinstance(value, tuple)
    ]
    text = ", ".join((latest.update, *details))
    entries = counted(len(log), "entry", "entries")
    return f"{entries}, the latest of {stamp(latest.time)}: {printable(text)}"


def pending_note(pending: PendingUpdate) -> str:
    """Return which update waits, and for whom."""
    from hashlib import sha256

    users = printable(", ".join(pending.missing_users))
    return f"{sha256(pending.manifest).hexdigest()} waits for acknowledgements of {users}"


def stamp(time: datetime) -> str:
    """Return a time in UTC, to the second (RFC 3339)."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
