"""The steps of updates, joined to the state in force."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from ringtaw_coordinator.core.api import PendingUpdate, State, UpdateProgress
from ringtaw_coordinator.core.serving import Serving
from ringtaw_coordinator.core.state_machine import StateMachine
from ringtaw_coordinator.core.updates import proposal
from ringtaw_coordinator.core.updates.packages import update_packages
from ringtaw_coordinator.errors import ManifestError
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.manifest.model import Action
from ringtaw_coordinator.manifest.package_update import load_package_update
from ringtaw_coordinator.state.vault import Vault

_log = structlog.get_logger("coordinator")


class Updates:
    """What users do to packages and manifest; :class:`~..api.ClientFacade` tells what it raises."""

    def __init__(self, machine: StateMachine, vault: Vault) -> None:
        self._machine = machine
        self._vault = vault

    async def submit(self, raw: bytes, certificate: bytes) -> UpdateProgress:
        """Apply an update of packages, or submit an update of the whole manifest."""
        user = self._machine.accepting().users.identify(certificate)
        user.require_one_of(Action.UPDATE_SECURITY_VERSION, Action.UPDATE_MANIFEST)
        versions = await asyncio.to_thread(load_package_update, raw)
        if versions is not None:
            return await self._update_packages(versions, certificate)
        user.require(Action.UPDATE_MANIFEST)
        loaded = await asyncio.to_thread(load_manifest, raw)

        def step(serving: Serving) -> tuple[Serving, UpdateProgress]:
            user = serving.users.identify(certificate)
            return proposal.propose(serving, self._vault, user, raw, loaded)

        return self._logged(await self._machine.advance(step))

    async def _update_packages(
        self, versions: Mapping[str, int], certificate: bytes
    ) -> UpdateProgress:
        def step(serving: Serving) -> tuple[Serving, None]:
            updated = update_packages(serving, serving.users.identify(certificate), versions)
            self._vault.commit(updated.deployment)
            return updated, None

        await self._machine.advance(step)
        _log.info("packages updated", versions=dict(versions))
        return UpdateProgress(0, ())

    def pending(self) -> PendingUpdate:
        """Return the update that waits for acknowledgements."""
        self._machine.require(State.ACCEPTING_MANIFEST, State.ACCEPTING_MARBLES)
        return proposal.pending(self._machine.serving)

    async def acknowledge(self, raw: bytes, certificate: bytes) -> UpdateProgress:
        """Acknowledge the pending update; apply it if that was the last missing."""

        def step(serving: Serving) -> tuple[Serving, UpdateProgress | ManifestError]:
            user = serving.users.identify(certificate)
            return proposal.acknowledge(serving, self._vault, user, raw)

        self._machine.accepting().users.identify(certificate)
        outcome = await self._machine.advance(step)
        if isinstance(outcome, ManifestError):
            _log.error("the update of the manifest cannot be applied", reason=str(outcome))
            raise outcome
        return self._logged(outcome)

    async def cancel(self, certificate: bytes) -> None:
        """Drop the pending update."""

        def step(serving: Serving) -> tuple[Serving, str]:
            user = serving.users.identify(certificate)
            return proposal.cancel(serving, self._vault, user), user.name

        self._machine.accepting().users.identify(certificate)
        _log.info("update of the manifest cancelled", user=await self._machine.advance(step))

    def _logged(self, progress: UpdateProgress) -> UpdateProgress:
        missing = progress.missing_acknowledgments
        if missing:
            _log.info("an update of the manifest is pending", missing_acknowledgments=missing)
        else:
            fingerprint = self._machine.accepting().stored.fingerprint
            event = "manifest updated; restart Marbles to enforce it"
            log_manifest(event, fingerprint, progress.warnings)
        return progress


def log_manifest(event: str, fingerprint: str, warnings: Sequence[str]) -> None:
    """Log that another manifest is in force, and what is doubtful in it."""
    _log.info(event, fingerprint=fingerprint)
    for warning in warnings:
        _log.warning("the manifest is doubtful", warning=warning)
