"""Updates of the manifest: the log, a new one, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ringtaw_coordinator.core.api import UpdateProgress
from ringtaw_coordinator.server.client.endpoint import ClientRequest, Endpoint, Who
from ringtaw_coordinator.server.client.growing import GrowingAnswer
from ringtaw_coordinator.server.client.jsend import AFTER, BEFORE, Json, Written, encode, to_base64
from ringtaw_coordinator.server.client.schema import (
    MISSING_USERS,
    PROGRESS,
    PROGRESS_AND_MORE,
    array,
    data,
    record,
    reference,
    text,
)
from ringtaw_coordinator.server.client.v2.manifest import MANIFEST, encode_secrets

CANCELLED: Final = "The update has been cancelled."
APPLIED: Final = "The update has been applied."
NO_UPDATE: Final = {404: "No update is pending."}
PENDING: Final = record(
    {
        "manifest": data("As it was submitted."),
        "missingUsers": MISSING_USERS,
        "message": text("What is missing."),
    }
)
ACKNOWLEDGED: Final = record({"message": text("What is missing."), **PROGRESS}, **PROGRESS_AND_MORE)


def _write_entries(entries: Sequence[str]) -> bytes:
    return encode(list(entries))[1:-1]


_LOG: Final = GrowingAnswer(BEFORE + b'{"updateLog":[', b",", b"]}" + AFTER, _write_entries)


async def _update_get(request: ClientRequest) -> Written:
    return await _LOG.written(request.facade.update_log())


READ_UPDATE_LOG: Final = Endpoint(
    "GET",
    "/api/v2/update",
    "The update log: what changed the deployment, when, and who did it.",
    _update_get,
    record({"updateLog": array({"type": "string"}, "A JSON object each, oldest first.")}),
)


async def _update_post(request: ClientRequest) -> Json:
    raw = request.body["manifest"]
    return _encode_progress(await request.facade.submit_update(raw, request.certificate))


def _encode_progress(progress: UpdateProgress) -> dict[str, Json]:
    answer: dict[str, Json] = {
        "missingAcknowledgments": progress.missing_acknowledgments,
        "missingUsers": list(progress.missing_users),
    }
    if progress.recovery_secrets:
        answer["recoverySecrets"] = encode_secrets(progress.recovery_secrets)
    if progress.warnings:
        answer["warnings"] = list(progress.warnings)
    return answer


SUBMIT_UPDATE: Final = Endpoint(
    "POST",
    "/api/v2/update",
    "Update packages at once, or submit an update of the whole manifest. It is in force as "
    "soon as no acknowledgement is missing.",
    _update_post,
    reference("UpdateProgress"),
    who=Who.USER,
    permission="`UpdateSecurityVersion` for every package that is named, or `UpdateManifest`",
    body=MANIFEST,
)


def update_manifest_get(request: ClientRequest) -> Json:
    """Return the pending update; it is the same in both versions."""
    pending = request.facade.pending_update()
    return {
        "manifest": to_base64(pending.manifest),
        "missingUsers": list(pending.missing_users),
        "message": describe_progress(pending.missing_acknowledgments, pending.missing_users),
    }


def describe_progress(missing: int, users: tuple[str, ...]) -> str:
    """Return what an update still waits for, as a sentence."""
    if not missing:
        return APPLIED
    plural = "" if missing == 1 else "s"
    return f"The update needs {missing} more acknowledgement{plural}, of: {', '.join(users)}."


READ_PENDING_UPDATE: Final = Endpoint(
    "GET",
    "/api/v2/update-manifest",
    "The update that waits for acknowledgements.",
    update_manifest_get,
    PENDING,
    refusals=NO_UPDATE,
)


async def _update_manifest_post(request: ClientRequest) -> Json:
    raw = request.body["manifest"]
    progress = await request.facade.acknowledge_update(raw, request.certificate)
    message = describe_progress(progress.missing_acknowledgments, progress.missing_users)
    return {"message": message, **_encode_progress(progress)}


ACKNOWLEDGE_UPDATE: Final = Endpoint(
    "POST",
    "/api/v2/update-manifest",
    "Acknowledge the pending update, by its very bytes.",
    _update_manifest_post,
    ACKNOWLEDGED,
    who=Who.USER,
    permission="`UpdateManifest`",
    body=MANIFEST,
    refusals=NO_UPDATE,
)


async def _update_cancel_post(request: ClientRequest) -> Json:
    await request.facade.cancel_update(request.certificate)
    return {"message": CANCELLED}


CANCEL_UPDATE: Final = Endpoint(
    "POST",
    "/api/v2/update-cancel",
    "Drop the pending update.",
    _update_cancel_post,
    record({"message": text("That it is done.")}),
    who=Who.USER,
    permission="`UpdateManifest`",
    refusals=NO_UPDATE,
)
