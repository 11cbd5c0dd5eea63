"""Verify what was saved with ``--save-evidence``, without network."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import ringtaw_client as client

from ringtaw_cli.verify import facts
from ringtaw_cli.verify.basis import Basis
from ringtaw_cli.verify.ledger import Ledger
from ringtaw_cli.verify.live import Found


def verify_saved(
    directory: Path,
    basis: Basis,
    ledger: Ledger,
    *,
    at: datetime | None,
    manifest: bytes | str,
    pin: client.CoordinatorIdentity | None,
) -> Found:
    """Judge the evidence in a directory at a time, by default the recorded one."""
    found = Found(at or datetime.now(UTC))
    subject = f"Evidence {directory}"
    with ledger.step(subject, "evidence", "evidence that verifies"):
        judged = client.verify_offline(
            directory, basis.policy(str(directory)), basis.trust(), at=at, manifest=manifest
        )
        evidence = judged.evidence
        found.time = at or evidence.time
        ledger.note(subject, "recorded", f"{judged.address} at {facts.stamp(evidence.time)}")
        ledger.add(subject, judged.checks)
        ledger.add(subject, [facts.collateral_check(judged.report, found.time)])
        ledger.note(subject, "platform", facts.platform_note(judged.report))
        ledger.note(subject, "certificate", f"SHA-256 {judged.identity.fingerprint}")
        found.coordinator, found.manifest = judged, evidence.manifest
    if found.coordinator is not None and pin is not None:
        with ledger.step(subject, "pin", pin.fingerprint):
            ledger.add(subject, [facts.require_pin(pin, found.coordinator.identity, subject)])
    if found.manifest is not None and not manifest:
        fingerprint = f"{found.manifest.fingerprint} (not compared)"
        ledger.note(subject, "manifest-fingerprint", fingerprint)
    return found
