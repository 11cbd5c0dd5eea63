"""Verify those who answer: a Coordinator first, then, by what it has proved, Marbles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import ringtaw_client as client
from ringtaw_buildkit.counting import counted

from ringtaw_cli.output import printable
from ringtaw_cli.verify import facts
from ringtaw_cli.verify.basis import Basis
from ringtaw_cli.verify.ledger import Ledger


@dataclass(frozen=True, slots=True)
class MarbleAddress:
    """Where a Marble serves TLS, and of which type it must be; "" admits any."""

    address: str
    marble_type: str

    @classmethod
    def parse(cls, text: str) -> MarbleAddress:
        """Read ``HOST:PORT`` or ``TYPE=HOST:PORT``.

        Raises:
            InputError: The address is none.
        """
        marble_type, _, address = text.rpartition("=")
        return cls(str(client.Address.parse(address)), marble_type)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for on the command line."""

    address: str
    marbles: Sequence[MarbleAddress]
    manifest: bytes | str | None
    """The expected manifest, or its fingerprint; None if any will do."""
    pin: client.CoordinatorIdentity | None
    server_name: str
    save_to: Path | None
    limits: client.Limits


@dataclass(slots=True)
class Found:
    """What has proved to be genuine so far; ``time`` is that of the judgement."""

    time: datetime
    coordinator: client.VerifiedCoordinator | None = None
    manifest: client.Manifest | None = None
    log: tuple[client.LogEntry, ...] | None = None
    marbles: tuple[client.VerifiedMarble, ...] = ()


def verify_live(wanted: Wanted, basis: Basis, ledger: Ledger) -> Found:
    """Go down the chain as far as it holds; errors are in the ledger."""
    found = Found(datetime.now(UTC))
    subject = f"Coordinator {wanted.address}"
    with ledger.step(subject, "connection", "evidence of a Coordinator"):
        verified = client.verify(
            wanted.address, basis.policy(wanted.address), basis.trust(), limits=wanted.limits
        )
        ledger.add(subject, verified.checks)
        found.time = verified.evidence.time
        ledger.add(subject, [facts.collateral_check(verified.report, found.time)])
        ledger.note(subject, "platform", facts.platform_note(verified.report))
        found.coordinator = verified
    if found.coordinator is not None and _has_identity(found.coordinator, wanted, ledger, subject):
        _look_inside(found, wanted, ledger, subject)
        found.marbles = tuple(_marbles(found.coordinator, wanted, ledger))
        _save(found, found.coordinator, wanted, ledger)
    elif wanted.save_to is not None:
        ledger.note(subject, "saved", "nothing: the Coordinator did not pass")
    return found


def _has_identity(
    verified: client.VerifiedCoordinator, wanted: Wanted, ledger: Ledger, subject: str
) -> bool:
    """Check name and pin of the certificate; return whether both are as they should be."""
    before = len(ledger.errors)
    name = wanted.server_name or verified.address.host
    expected = f"a certificate for {name}"
    with ledger.step(subject, "certificate", expected):
        verified.connect(server_name=wanted.server_name, limits=wanted.limits).status()
        names = printable(", ".join(verified.identity.names))
        identity = f"one for {names}, SHA-256 {verified.identity.fingerprint}"
        ledger.add(subject, [client.Check("certificate", expected, identity, True)])
    if wanted.pin is not None:
        with ledger.step(subject, "pin", wanted.pin.fingerprint):
            ledger.add(subject, [facts.require_pin(wanted.pin, verified.identity, subject)])
    return len(ledger.errors) == before


def _look_inside(found: Found, wanted: Wanted, ledger: Ledger, subject: str) -> None:
    """Check the manifest, and note what has happened to it."""
    assert found.coordinator is not None  # noqa: S101 - the caller has looked
    coordinator = found.coordinator.connect(server_name=wanted.server_name, limits=wanted.limits)
    with ledger.step(subject, "manifest", "a manifest in force"):
        status = coordinator.status()
        ledger.note(subject, "state", printable(status.message))
        if status.state is client.State.ACCEPTING_MARBLES:
            found.manifest = coordinator.manifest()
        elif wanted.manifest is not None or wanted.marbles:
            raise client.PolicyMismatchError(
                "the Coordinator has no manifest in force",
                where=subject,
                hint="set one with: ringtaw manifest set; or recover it, if it waits for that",
            )
    if found.manifest is not None:
        checks = client.manifest_checks(found.manifest, coordinator.identity, wanted.manifest)
        add_manifest(found.manifest, checks, ledger, subject)
        with ledger.step(subject, "update-log", "an update log"):
            found.log = coordinator.update_log()
            ledger.note(subject, "update-log", facts.log_note(found.log))
            _note_pending(coordinator, ledger, subject)


def add_manifest(
    manifest: client.Manifest, checks: Sequence[client.Check], ledger: Ledger, subject: str
) -> None:
    """Add what was checked of a manifest; if its fingerprint was not, note it."""
    with ledger.step(subject, "manifest", "the expected manifest"):
        if failed := [check for check in checks if not check.ok]:
            raise client.PolicyMismatchError(
                f"the manifest is another one: {failed[0]}",
                where=subject,
                hint="look at the manifest and at the update log",
                checks=checks,
            )
        ledger.add(subject, checks)
    if not any(check.name == "manifest-fingerprint" for check in checks):
        ledger.note(subject, "manifest-fingerprint", f"{manifest.fingerprint} (not compared)")


def _note_pending(coordinator: client.PinnedCoordinator, ledger: Ledger, subject: str) -> None:
    try:
        pending = coordinator.pending_update()
    except client.RefusedError:  # there is none, or this Coordinator knows no such thing
        return
    ledger.note(subject, "pending-update", facts.pending_note(pending))


def _save(
    found: Found, coordinator: client.VerifiedCoordinator, wanted: Wanted, ledger: Ledger
) -> None:
    """Save what passed; that it cannot be written does not change the verdict."""
    if wanted.save_to is None:
        return
    try:
        coordinator.save_evidence(
            wanted.save_to,
            found.manifest,
            log=found.log,
            marbles=found.marbles,
            server_name=wanted.server_name or coordinator.address.host,
        )
    except client.InputError as error:
        ledger.errors.append(error)
        return
    missing = len(wanted.marbles) - len(found.marbles)
    but = f", without {counted(missing, 'Marble')} that failed" if missing else ""
    ledger.note(f"Evidence {wanted.save_to}", "saved", f"{wanted.save_to}{but}")


def _marbles(
    verified: client.VerifiedCoordinator, wanted: Wanted, ledger: Ledger
) -> list[client.VerifiedMarble]:
    """Check each Marble by the chain that the Coordinator has proved to be its own."""
    identity, marbles = verified.identity, []
    for one in wanted.marbles:
        subject = f"Marble {one.address}"
        with ledger.step(subject, "marble-certificate", f"of the root {identity.fingerprint}"):
            marble = client.verify_marble(
                one.address, identity, marble_type=one.marble_type, limits=wanted.limits
            )
            ledger.add(subject, marble.checks)
            ledger.note(subject, "marble-uuid", marble.uuid)
            marbles.append(marble)
    return marbles
