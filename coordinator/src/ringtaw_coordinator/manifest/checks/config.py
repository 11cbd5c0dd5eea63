"""Thresholds: how many it takes, and how many there are."""

from __future__ import annotations

from typing import Final

from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.model import Action, Manifest
from ringtaw_coordinator.manifest.report import Report

MAX_SHARES: Final = 255
"""Shares of a secret shared over GF(2^8): one for each x coordinate but 0."""


def check_config(document: Node, manifest: Manifest, report: Report) -> None:
    """No threshold is higher than the number of those who can meet it."""
    config = document.get("Config")
    if config is None:
        return
    updaters = _updaters(manifest)
    if manifest.config.update_threshold > updaters:
        message = f"is more than the {updaters} users who have UpdateManifest"
        report.error(config.members["UpdateThreshold"], message)
    keys = len(document.entries("RecoveryKeys"))
    threshold = manifest.config.recovery_threshold
    if threshold > keys:
        message = f"is more than the {keys} recovery keys"
        report.error(config.members["RecoveryThreshold"], message)
    elif 0 < threshold < keys > MAX_SHARES:
        message = f"with a threshold there can be at most {MAX_SHARES} recovery keys"
        report.error(config.members["RecoveryThreshold"], message)


def _updaters(manifest: Manifest) -> int:
    roles = {
        name for name, role in manifest.roles.items() if Action.UPDATE_MANIFEST in role.actions
    }
    return sum(not roles.isdisjoint(user.roles) for user in manifest.users.values())
