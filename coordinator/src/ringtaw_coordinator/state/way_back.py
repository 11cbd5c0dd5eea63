"""Whether somebody can open the state again after a restart, and who."""

from __future__ import annotations

from ringtaw_coordinator.errors import ManifestError, Problem
from ringtaw_coordinator.manifest.model import Manifest, SealMode
from ringtaw_coordinator.manifest.pointer import pointer
from ringtaw_coordinator.state.sealed_key import Sealer


def check_way_back(sealer: Sealer, manifest: Manifest) -> tuple[str, ...]:
    """Return what operators must know about restarts under a manifest.

    Raises:
        ManifestError: It keeps a state that nobody could ever open.
    """
    if not _needs_owners(sealer, manifest):
        return ()
    if not manifest.recovery_keys:
        problem = Problem(
            pointer("RecoveryKeys"),
            "without recovery keys nobody could open the state after a restart of this "
            f"Coordinator: {sealer.lacks_key}",
            "name recovery keys; or let Config.SealMode be Disabled, which keeps no state",
        )
        raise ManifestError([problem])
    warning = Problem(
        pointer("Config", "SealMode"),
        f"after each restart the owners of the recovery keys open the state: {sealer.lacks_key}",
    )
    return (str(warning),)


def check_unattended(sealer: Sealer, manifest: Manifest) -> None:
    """Check a manifest that is set with nobody there to be given the owners' secrets.

    Raises:
        ManifestError: Without these nobody could ever open the state.
    """
    if _needs_owners(sealer, manifest) and manifest.recovery_keys:
        problem = Problem(
            pointer("RecoveryKeys"),
            "their owners get no secrets from a manifest that is set at the start, so that nobody "
            f"could open the state after a restart of this Coordinator: {sealer.lacks_key}",
            "set it through the client API; or let Config.SealMode be Disabled, which keeps no "
            "state",
        )
        raise ManifestError([problem])


def _needs_owners(sealer: Sealer, manifest: Manifest) -> bool:
    return bool(sealer.lacks_key) and manifest.config.seal_mode is not SealMode.DISABLED
