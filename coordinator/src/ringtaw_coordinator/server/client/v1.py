"""Version 1 of the client API, without a prefix: deprecated, for clients that still use it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from ringtaw_coordinator.core.api import StoredManifest
from ringtaw_coordinator.server.client.endpoint import ClientRequest, Endpoint, RequestError, Who
from ringtaw_coordinator.server.client.growing import GrowingAnswer
from ringtaw_coordinator.server.client.jsend import (
    AFTER,
    BEFORE,
    Json,
    Written,
    encode,
    to_base64,
    write,
)
from ringtaw_coordinator.server.client.schema import (
    NOTHING,
    RAW,
    RECOVERY_SECRETS,
    data,
    flag,
    nullable,
    number,
    record,
    text,
)
from ringtaw_coordinator.server.client.v2.manifest import encode_secrets
from ringtaw_coordinator.server.client.v2.secrets import (
    NAMES,
    SECRETS,
    UPLOADS,
    read_secrets,
    write_secrets,
)
from ringtaw_coordinator.server.client.v2.updates import (
    CANCELLED,
    NO_UPDATE,
    PENDING,
    describe_progress,
    update_manifest_get,
)

GONE: Final = "version 1 recovers no more: use POST /api/v2/recover"


def _status_get(request: ClientRequest) -> Json:
    status = request.facade.status()
    return {"StatusCode": int(status.state), "StatusMessage": status.message}


def _manifest_get(request: ClientRequest) -> Written:
    return _written_manifest(request.facade.manifest())


@lru_cache(maxsize=1)
def _written_manifest(manifest: StoredManifest) -> Written:
    return write(
        {
            "ManifestSignatureRootECDSA": to_base64(manifest.signature),
            "ManifestSignature": manifest.fingerprint,
            "Manifest": to_base64(manifest.raw),
        }
    )


async def _manifest_post(request: ClientRequest) -> Json:
    accepted = await request.facade.set_manifest(request.raw)
    if not accepted.recovery_secrets:
        return None
    return {"RecoverySecrets": encode_secrets(accepted.recovery_secrets)}


async def _quote_get(request: ClientRequest) -> Json:
    quote = await request.facade.quote(None)
    answer: dict[str, Json] = {"Cert": quote.certificate_chain, "Quote": to_base64(quote.quote)}
    if request.facade.simulation:
        answer["Simulation"] = True
    if quote.software_tee:
        answer["SoftwareTEE"] = True
    return answer


def _recover_post(request: ClientRequest) -> Json:
    raise RequestError(410, GONE)


def _write_lines(entries: Sequence[str]) -> bytes:
    return encode("".join(f"{entry}\n" for entry in entries))[1:-1]


_LOG: Final = GrowingAnswer(BEFORE + b'"', b"", b'"' + AFTER, _write_lines)


async def _update_get(request: ClientRequest) -> Written:
    return await _LOG.written(request.facade.update_log())


async def _update_post(request: ClientRequest) -> Json:
    await request.facade.submit_update(request.raw, request.certificate)
    return None


async def _secrets_get(request: ClientRequest) -> Json:
    return await read_secrets(request)


async def _secrets_post(request: ClientRequest) -> Json:
    await write_secrets(request, request.body)
    return None


async def _update_manifest_post(request: ClientRequest) -> Json:
    progress = await request.facade.acknowledge_update(request.raw, request.certificate)
    return describe_progress(progress.missing_acknowledgments, progress.missing_users)


async def _update_cancel_post(request: ClientRequest) -> Json:
    await request.facade.cancel_update(request.certificate)
    return CANCELLED


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/status",
        "As `GET /api/v2/status`.",
        _status_get,
        record({"StatusCode": number("The state.", 0, 3), "StatusMessage": text("For people.")}),
    ),
    Endpoint(
        "GET",
        "/manifest",
        "As `GET /api/v2/manifest`, but all is empty before a manifest is set.",
        _manifest_get,
        record(
            {
                "ManifestSignatureRootECDSA": nullable(data("Signature of the root key.")),
                "ManifestSignature": text("SHA-256 of the manifest in hexadecimal digits."),
                "Manifest": nullable(data("The manifest's very bytes.")),
            }
        ),
    ),
    Endpoint(
        "POST",
        "/manifest",
        "As `POST /api/v2/manifest`; the answer is null if there are no recovery keys.",
        _manifest_post,
        nullable(record({"RecoverySecrets": RECOVERY_SECRETS})),
        body=RAW,
    ),
    Endpoint(
        "GET",
        "/quote",
        "As `GET /api/v2/quote`, without a nonce.",
        _quote_get,
        record(
            {"Cert": text("PEM."), "Quote": nullable(data("With Open Enclave's header."))},
            Simulation=flag("There if no evidence is checked."),
            SoftwareTEE=flag("There if no hardware stands behind the evidence."),
        ),
    ),
    Endpoint(
        "POST",
        "/recover",
        "Gone: use `POST /api/v2/recover`.",
        _recover_post,
        NOTHING,
        refusals={410: "Always."},
    ),
    Endpoint(
        "GET",
        "/update",
        "As `GET /api/v2/update`, in one string.",
        _update_get,
        text("A JSON object a line, oldest first."),
    ),
    Endpoint(
        "POST",
        "/update",
        "As `POST /api/v2/update`.",
        _update_post,
        NOTHING,
        who=Who.USER,
        permission="`UpdateSecurityVersion` for every package that is named, or `UpdateManifest`",
        body=RAW,
    ),
    Endpoint(
        "GET",
        "/secrets",
        "As `GET /api/v2/secrets`.",
        _secrets_get,
        SECRETS,
        who=Who.USER,
        permission="`ReadSecret` for every secret that is named",
        query=(NAMES,),
    ),
    Endpoint(
        "POST",
        "/secrets",
        "As `POST /api/v2/secrets`.",
        _secrets_post,
        NOTHING,
        who=Who.USER,
        permission="`WriteSecret` for every secret that is named",
        body=UPLOADS,
    ),
    Endpoint(
        "GET",
        "/update-manifest",
        "As `GET /api/v2/update-manifest`.",
        update_manifest_get,
        PENDING,
        refusals=NO_UPDATE,
    ),
    Endpoint(
        "POST",
        "/update-manifest",
        "As `POST /api/v2/update-manifest`.",
        _update_manifest_post,
        text("What is missing."),
        who=Who.USER,
        permission="`UpdateManifest`",
        body=RAW,
        refusals=NO_UPDATE,
    ),
    Endpoint(
        "POST",
        "/update-cancel",
        "As `POST /api/v2/update-cancel`.",
        _update_cancel_post,
        text("That it is done."),
        who=Who.USER,
        permission="`UpdateManifest`",
        refusals=NO_UPDATE,
    ),
)
