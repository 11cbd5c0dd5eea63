"""Updates of the whole manifest: proposed by one user, acknowledged by others, or cancelled.

Who may do so, and how many it takes, is what the manifest in force says. It cannot change in the
meantime, since while one proposal is pending no other update is accepted.
"""

from __future__ import annotations

from dataclasses import replace
from hmac import compare_digest

from ringtaw_coordinator.core.api import PendingUpdate, UpdateProgress
from ringtaw_coordinator.core.rehearsal import rehearse
from ringtaw_coordinator.core.serving import Serving, serve
from ringtaw_coordinator.core.shared_secrets import check_certificates
from ringtaw_coordinator.core.update_log import APPLIED, corrections, proposal_entry
from ringtaw_coordinator.core.updates.renewal import renew
from ringtaw_coordinator.core.users import AuthenticUser
from ringtaw_coordinator.errors import (
    ManifestError,
    NoPendingUpdateError,
    Problem,
    RequestRefusedError,
)
from ringtaw_coordinator.manifest.load import LoadedManifest, load_manifest
from ringtaw_coordinator.manifest.model import Action, Manifest
from ringtaw_coordinator.state.model import Deployment, ProposedManifest
from ringtaw_coordinator.state.vault import Vault

_NONE_PENDING = "no update in progress"
_SHOWN_REASON = 1000
"""Characters of an error that the update log keeps."""
_LISTED_USERS = 100
"""Names of users that an entry of the update log lists; where there are more, it has none."""


def require_no_proposal(serving: Serving) -> None:
    """Return if another update can be accepted.

    Raises:
        RequestRefusedError: One is pending.
    """
    if serving.deployment.proposal is not None:
        raise RequestRefusedError(
            "another update of the manifest is pending: acknowledge or cancel it first"
        )


def pending(serving: Serving | None) -> PendingUpdate:
    """Return the update that waits for acknowledgements.

    Raises:
        NoPendingUpdateError: There is none, perhaps as there is no manifest yet.
    """
    if serving is None:
        raise NoPendingUpdateError(_NONE_PENDING)
    proposal = _proposal(serving)
    progress = _progress(serving, proposal)
    return PendingUpdate(
        proposal.manifest, progress.missing_users, progress.missing_acknowledgments
    )


def propose(
    serving: Serving, vault: Vault, user: AuthenticUser, raw: bytes, loaded: LoadedManifest
) -> tuple[Serving, UpdateProgress]:
    """Keep a new manifest until enough users have acknowledged it; the one who proposes it has.

    Raises:
        ForbiddenError: The user may not update the manifest.
        RequestRefusedError: Another update is pending.
        ManifestError: It cannot be applied.
        StoreError: The change could not be made durable.
    """
    user.require(Action.UPDATE_MANIFEST)
    require_no_proposal(serving)
    proposal = ProposedManifest(raw, (user.name,))
    proposed = _with_proposal(serving, proposal, user, "Manifest update proposed")
    progress = _progress(serving, proposal)
    if not progress.missing_acknowledgments:
        return _apply(proposed, vault, user, loaded)
    _check_applicable(serving, loaded.manifest)
    warnings = (*loaded.warning_texts, *vault.check(loaded.manifest))
    vault.commit(proposed.deployment)
    return proposed, replace(progress, warnings=warnings)


def acknowledge(
    serving: Serving, vault: Vault, user: AuthenticUser, raw: bytes
) -> tuple[Serving, UpdateProgress | ManifestError]:
    """Count the acknowledgement of one more user; apply the manifest if it was the last missing.

    Another one of the same user changes nothing.

    Returns:
        What to serve next, and the progress; or why the manifest, which is dropped then, cannot be
        applied.

    Raises:
        NoPendingUpdateError: There is none.
        ForbiddenError: The user may not update the manifest.
        RequestRefusedError: The bytes differ.
        StoreError: The change could not be made durable.
    """
    proposal = _proposal(serving)
    user.require(Action.UPDATE_MANIFEST)
    if not compare_digest(proposal.manifest, raw):
        raise RequestRefusedError(
            "this is not the manifest that waits for acknowledgements, byte for byte"
        )
    if user.name in proposal.acknowledged_by:
        return serving, _progress(serving, proposal)
    proposal = replace(proposal, acknowledged_by=(*proposal.acknowledged_by, user.name))
    progress = _progress(serving, proposal)
    acknowledged = _with_proposal(serving, proposal, user, "Manifest update acknowledged")
    if progress.missing_acknowledgments:
        vault.commit(acknowledged.deployment)
        return acknowledged, progress
    try:
        return _apply(acknowledged, vault, user, load_manifest(raw))
    except ManifestError as error:
        return _dropped(acknowledged, vault, user, error)


def cancel(serving: Serving, vault: Vault, user: AuthenticUser) -> Serving:
    """Drop the manifest that waits for acknowledgements.

    Raises:
        NoPendingUpdateError: There is none.
        ForbiddenError: The user may not update the manifest.
        StoreError: The change could not be made durable.
    """
    proposal = _proposal(serving)
    user.require(Action.UPDATE_MANIFEST)
    entry = proposal_entry("Manifest update cancelled", user.name, proposal.manifest)
    cancelled = serving.with_deployment(_without_proposal(serving.deployment, entry))
    vault.commit(cancelled.deployment)
    return cancelled


def _proposal(serving: Serving) -> ProposedManifest:
    if serving.deployment.proposal is None:
        raise NoPendingUpdateError(_NONE_PENDING)
    return serving.deployment.proposal


def _progress(serving: Serving, proposal: ProposedManifest) -> UpdateProgress:
    updaters = serving.users.updaters
    needed = serving.manifest.config.update_threshold or len(updaters)
    missing = max(0, needed - len(proposal.acknowledged_by))
    others = [name for name in updaters if name not in proposal.acknowledged_by]
    return UpdateProgress(missing, tuple(others) if missing else ())


def _with_proposal(
    serving: Serving, proposal: ProposedManifest, user: AuthenticUser, update: str
) -> Serving:
    progress = _progress(serving, proposal)
    details: dict[str, object] = {"missingAcknowledgments": progress.missing_acknowledgments}
    if len(progress.missing_users) <= _LISTED_USERS:
        details["missingUsers"] = progress.missing_users
    entry = proposal_entry(update, user.name, proposal.manifest, **details)
    log = (*serving.deployment.update_log, entry)
    return serving.with_deployment(replace(serving.deployment, proposal=proposal, update_log=log))


def _without_proposal(deployment: Deployment, entry: str) -> Deployment:
    return replace(deployment, proposal=None, update_log=(*deployment.update_log, entry))


def _check_applicable(serving: Serving, manifest: Manifest) -> None:
    """Find what would otherwise be found only when the last acknowledgement comes.

    Raises:
        ManifestError: It cannot be applied.
    """
    check_certificates(manifest, serving.authority.secrets)
    _check_uploads(serve(replace(serving.deployment, package_versions={}), manifest), serving)


def _check_uploads(candidate: Serving, serving: Serving) -> None:
    """Rehearse the new manifest with what users have set under the old one."""
    values = serving.deployment.secrets
    kept = {
        name: values[name]
        for name, definition in candidate.manifest.secrets.items()
        if definition.user_defined
        and name in values
        and definition == serving.manifest.secrets.get(name)
    }
    if problems := rehearse(candidate, kept, kept):
        raise ManifestError(problems)


def _apply(
    serving: Serving, vault: Vault, user: AuthenticUser, loaded: LoadedManifest
) -> tuple[Serving, UpdateProgress]:
    deployment, manifest = serving.deployment, loaded.manifest
    raw = _proposal(serving).manifest
    renewed = renew(deployment, serving.manifest, raw, manifest)
    entry = proposal_entry(APPLIED, user.name, raw)
    log = (*renewed.update_log, entry, *corrections(renewed.update_log, manifest.packages))
    renewed = replace(renewed, update_log=log)
    applied = serve(renewed, manifest)
    _check_uploads(applied, serving)
    warnings = (*loaded.warning_texts, *vault.check(manifest))
    secrets = vault.replace_manifest(renewed, serving.manifest, manifest)
    return applied, UpdateProgress(0, (), secrets, warnings)


def _dropped(
    serving: Serving, vault: Vault, user: AuthenticUser, error: ManifestError
) -> tuple[Serving, ManifestError]:
    raw = _proposal(serving).manifest
    reason = str(error)[:_SHOWN_REASON]
    entry = proposal_entry("Manifest update failed", user.name, raw, reason=reason)
    dropped = serving.with_deployment(_without_proposal(serving.deployment, entry))
    vault.commit(dropped.deployment)
    explanation = Problem("", "the update cannot be applied, and is no longer pending")
    return dropped, ManifestError([explanation, *error.problems])
