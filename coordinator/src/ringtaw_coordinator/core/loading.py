"""From what a vault holds to what is served."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from ringtaw_coordinator.core.serving import Serving, serve
from ringtaw_coordinator.errors import ManifestError, TemplateError
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.state.recovery_run import RecoveryRun
from ringtaw_coordinator.state.vault import Vault

_log = structlog.get_logger("coordinator")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is to be served, or why that is not possible, or neither before a manifest is set."""

    serving: Serving | None = None
    locked: str = ""
    remedy: str = ""
    """What an operator does about it, in sentences, where that is not recovery."""
    recovery: RecoveryRun | None = None
    """The way into a state that is locked, if there is one."""


def load(vault: Vault) -> Loaded:
    """Open what the vault holds.

    Raises:
        StoreError: The store cannot be read.
        PlatformError: The platform gave no sealing key.
    """
    opened = vault.open()
    locked, remedy = opened.locked, opened.remedy
    if opened.deployment is not None:
        try:
            manifest = load_manifest(opened.deployment.manifest).manifest
            return Loaded(serve(opened.deployment, manifest))
        except (ManifestError, TemplateError, ValueError) as error:
            locked = f"this version of the Coordinator does not accept it: {error}"
            remedy = "Start the version that wrote it."
    if locked:
        _log.error("the state cannot be used", reason=locked, remedy=remedy or "recover it")
    return Loaded(None, locked, remedy, opened.recovery)
