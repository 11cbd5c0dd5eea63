"""Verify what was saved with ``--save-evidence``, without network."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import ringtaw_client as client

from ringtaw_cli.verify import facts
from ringtaw_cli.verify.basis import Basis
from ringtaw_cli.verify.ledger import Ledger
from ringtaw_cli.verify.live import Found, Wanted, add_manifest

_ABSENT: Final = "absent: it was not saved"
_UNSEEN: Final = "absent: that the Marble has it was seen then, and cannot be seen again"


def verify_saved(
    directory: Path, wanted: Wanted, basis: Basis, ledger: Ledger, at: datetime | None
) -> Found:
    """Judge the evidence in a directory at a time, by default the recorded one."""
    found = Found(at or datetime.now(UTC))
    subject = f"Evidence {directory}"
    with ledger.step(subject, "evidence", "evidence that verifies"):
        judged = client.verify_offline(
            directory,
            basis.policy(str(directory)),
            basis.trust(),
            at=at,
            server_name=wanted.server_name,
        )
        found.time = at or judged.evidence.time
        _tell_coordinator(judged, ledger, subject, found.time)
        found.coordinator, found.manifest = judged, judged.evidence.manifest
    if found.coordinator is not None and _is_wanted(found.coordinator, wanted, ledger, subject):
        _look_inside(found.coordinator, wanted, ledger, subject)
        found.marbles = tuple(_marbles(found.coordinator, wanted, ledger, found.time))
    return found


def _tell_coordinator(
    judged: client.VerifiedCoordinator, ledger: Ledger, subject: str, time: datetime
) -> None:
    evidence = judged.evidence
    recorded = f"{judged.address} at {facts.stamp(evidence.time)}"
    ledger.note(subject, "recorded", f"{recorded}: of that time is all that follows")
    if not evidence.files:
        ledger.note(subject, "files", "absent: no list of the files was saved")
    ledger.add(subject, judged.checks)
    ledger.add(subject, [facts.collateral_check(judged.report, time)])
    ledger.note(subject, "platform", facts.platform_note(judged.report))
    if not evidence.server_name:
        fingerprint = f"SHA-256 {judged.identity.fingerprint}"
        ledger.note(subject, "certificate", f"{fingerprint} (for which name was not saved)")


def _is_wanted(
    judged: client.VerifiedCoordinator, wanted: Wanted, ledger: Ledger, subject: str
) -> bool:
    """Check address and pin; return whether both are as they should be."""
    before = len(ledger.errors)
    if wanted.address:
        address, recorded = str(client.Address.parse(wanted.address)), str(judged.address)
        with ledger.step(subject, "address", address):
            check = client.Check("address", address, recorded, address == recorded)
            if not check.ok:
                raise client.PolicyMismatchError(
                    f"the evidence is of the Coordinator at {recorded}",
                    where=subject,
                    hint="give its address, or none",
                    checks=[check],
                )
            ledger.add(subject, [check])
    if wanted.pin is not None:
        with ledger.step(subject, "pin", wanted.pin.fingerprint):
            ledger.add(subject, [facts.require_pin(wanted.pin, judged.identity, subject)])
    return len(ledger.errors) == before


def _look_inside(
    judged: client.VerifiedCoordinator, wanted: Wanted, ledger: Ledger, subject: str
) -> None:
    """Compare the manifest, whose signature has been checked, and note the update log."""
    manifest, log = judged.evidence.manifest, judged.evidence.log
    if manifest is not None:
        _, *fingerprint = client.manifest_checks(manifest, judged.identity, wanted.manifest)
        add_manifest(manifest, fingerprint, ledger, subject)
    elif wanted.manifest is not None:
        with ledger.step(subject, "manifest", "the expected manifest"):
            raise client.PolicyMismatchError("no manifest was saved", where=subject)
    else:
        ledger.note(subject, "manifest", _ABSENT)
    if not judged.evidence.marbles:
        ledger.note(subject, "marbles", "absent: none were saved")
    told = _ABSENT if log is None else f"{facts.log_note(log)} (nobody has signed it)"
    ledger.note(subject, "update-log", told)


def _marbles(
    judged: client.VerifiedCoordinator, wanted: Wanted, ledger: Ledger, at: datetime
) -> Iterator[client.VerifiedMarble]:
    """Judge what Marbles presented; those that are named must be among them."""
    saved, expected = judged.evidence.marbles, f"of the root {judged.identity.fingerprint}"
    there = {marble.address for marble in saved}
    for one in wanted.marbles:
        subject = f"Marble {one.address}"
        with ledger.step(subject, "marble-certificate", expected):
            if one.address not in there:
                raise client.PolicyMismatchError("nothing was saved of it", where=subject)
    types = {one.address: one.marble_type for one in wanted.marbles}
    for marble in saved:
        subject = f"Marble {marble.address}"
        with ledger.step(subject, "marble-certificate", expected):
            marble_type = types.get(marble.address, "")
            verified = client.verify_marble_offline(
                marble, judged.identity, at, marble_type=marble_type, where=subject
            )
            ledger.add(subject, verified.checks)
            ledger.note(subject, "marble-uuid", verified.uuid)
            ledger.note(subject, "marble-key", _UNSEEN)
            yield verified
