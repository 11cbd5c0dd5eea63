"""Version 2 of the client API: the handlers, and the table of :data:`ENDPOINTS`."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from ringtaw_coordinator.core.api import (
    SecretUpload,
    Status,
    StoredManifest,
    StoredSecret,
    UpdateProgress,
)
from ringtaw_coordinator.errors import StateError, VerificationError
from ringtaw_coordinator.manifest.model import FeatureGate
from ringtaw_coordinator.server.client.endpoint import (
    KIBIBYTE,
    ClientRequest,
    Endpoint,
    Query,
    RequestError,
    Who,
)
from ringtaw_coordinator.server.client.jsend import EncodedJson, Json, encode, to_base64
from ringtaw_coordinator.server.client.schema import (
    MISSING_USERS,
    NOTHING,
    PROGRESS,
    PROGRESS_AND_MORE,
    RECOVERY_SECRETS,
    SIMULATION,
    SOFTWARE_TEE,
    WARNINGS,
    array,
    data,
    mapping,
    nullable,
    number,
    record,
    reference,
    text,
)

MAX_QUOTE_BODY: Final = 512 * KIBIBYTE
MAX_COUNTER_BODY: Final = 8 * KIBIBYTE
MAX_RECOVERY_BODY: Final = 20 * KIBIBYTE
RECOVERED: Final = "Recovery successful."
STILL_LOCKED: Final = "The secret was taken; more are needed."
CANCELLED: Final = "The update has been cancelled."
APPLIED: Final = "The update has been applied."


def _status_get(request: ClientRequest) -> EncodedJson:
    return _encoded_status(request.facade.status())


@lru_cache(maxsize=4)
def _encoded_status(status: Status) -> EncodedJson:
    return encode({"code": int(status.state), "message": status.message})


def _manifest_get(request: ClientRequest) -> EncodedJson:
    manifest = request.facade.manifest()
    if not manifest.raw:
        raise StateError("no manifest is set yet")
    return _encoded_manifest(manifest)


@lru_cache(maxsize=1)
def _encoded_manifest(manifest: StoredManifest) -> EncodedJson:
    return encode(
        {
            "manifestSignatureRootECDSA": to_base64(manifest.signature),
            "manifestFingerprint": manifest.fingerprint,
            "manifest": to_base64(manifest.raw),
        }
    )


async def _manifest_post(request: ClientRequest) -> Json:
    accepted = await request.facade.set_manifest(request.body["manifest"])
    answer: dict[str, Json] = {"RecoverySecrets": encode_secrets(accepted.recovery_secrets)}
    if accepted.warnings:
        answer["warnings"] = list(accepted.warnings)
    return answer


def encode_secrets(secrets: Mapping[str, bytes]) -> dict[str, Json]:
    """Return recovery secrets as they appear in answers."""
    return {name: to_base64(secret) for name, secret in secrets.items()}


async def _quote_get(request: ClientRequest) -> Json:
    quote = await request.facade.quote(_nonce(request.query.get("nonce", ("",))[0]))
    answer: dict[str, Json] = {"cert": quote.certificate_chain, "quote": to_base64(quote.quote)}
    if request.facade.simulation:
        answer["simulation"] = True
    if quote.software_tee:
        answer["softwareTEE"] = True
    return answer


def _nonce(text: str) -> bytes | None:
    """Decode padded base64url (RFC 4648 section 5)."""
    try:
        if set(text) & set("+/"):
            raise ValueError
        return b64decode(text, altchars=b"-_", validate=True) or None
    except (Base64Error, ValueError):
        message = "invalid query: bad nonce format: padded base64url expected"
        raise RequestError(400, message) from None


async def _secrets_get(request: ClientRequest) -> Json:
    return {"secrets": await read_secrets(request)}


async def read_secrets(request: ClientRequest) -> dict[str, Json]:
    """Return the secrets named in the query, as they appear in answers."""
    secrets = await request.facade.read_secrets(request.query["s"], request.certificate)
    return {name: _encode_secret(secret) for name, secret in secrets.items()}


def _encode_secret(secret: StoredSecret) -> Json:
    definition, value = secret.definition, secret.value
    return {
        "Type": definition.type,
        "Size": definition.size or 0,
        "Shared": definition.shared,
        "UserDefined": definition.user_defined,
        "Cert": to_base64(value.certificate),
        "ValidFor": definition.valid_for,
        "Private": to_base64(value.private),
        "Public": to_base64(value.public),
    }


async def _secrets_post(request: ClientRequest) -> Json:
    await write_secrets(request, request.body["secrets"])
    return None


async def write_secrets(request: ClientRequest, uploads: Mapping[str, Any]) -> None:
    """Store the secrets of a request."""
    secrets = {
        name: SecretUpload(upload.get("Key"), upload.get("Cert"), upload.get("Private"))
        for name, upload in uploads.items()
    }
    await request.facade.write_secrets(secrets, request.certificate)


async def _sign_quote_post(request: ClientRequest) -> Json:
    try:
        signed = await request.facade.sign_quote(request.body["sgxQuote"])
    except VerificationError as error:
        reason = {"sgxQuote": str(error)}
        raise RequestError(400, "the quote does not verify", reason) from None
    answer: dict[str, Json] = {
        "tcbStatus": signed.tcb_status,
        "verificationSignature": to_base64(signed.signature),
    }
    if signed.software_tee:
        answer["softwareTEE"] = True
    return answer


async def _monotonic_counter_post(request: ClientRequest) -> Json:
    name, value = request.body["name"], request.body["value"]
    return {"value": await request.facade.set_counter(name, value, request.certificate)}


def _update_get(request: ClientRequest) -> Json:
    return {"updateLog": list(request.facade.update_log())}


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


async def _update_manifest_post(request: ClientRequest) -> Json:
    raw = request.body["manifest"]
    progress = await request.facade.acknowledge_update(raw, request.certificate)
    message = describe_progress(progress.missing_acknowledgments, progress.missing_users)
    return {"message": message, **_encode_progress(progress)}


async def _update_cancel_post(request: ClientRequest) -> Json:
    await request.facade.cancel_update(request.certificate)
    return {"message": CANCELLED}


async def _recovery_public_key_get(request: ClientRequest) -> Json:
    key = await request.facade.recovery_public_key()
    return {"algorithm": "RSA", "ephemeralPublicKey": to_base64(key)}


async def _recover_post(request: ClientRequest) -> Json:
    secret, signature = request.body["recoverySecret"], request.body["recoverySecretSignature"]
    progress = await request.facade.recover(secret, signature)
    message = STILL_LOCKED if progress.remaining else RECOVERED
    return {"remaining": progress.remaining, "message": message}


MANIFEST: Final = reference("Manifest")
SECRETS: Final = mapping(reference("Secret"), "By name.")
UPLOADS: Final = mapping(reference("SecretUpload"), "By name.")
NAMES: Final = Query("s", "Name of a secret; as often as needed.", "token", True, True)
NONCE: Final = Query(
    "nonce",
    "Padded base64url. It is hashed into the quote, so that nobody can send an old one.",
    "Zm9vYmFy",
    pattern="^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}==|[A-Za-z0-9_-]{3}=)?$",
)
NO_UPDATE: Final = {404: "No update is pending."}
PENDING: Final = record(
    {
        "manifest": data("As it was submitted."),
        "missingUsers": MISSING_USERS,
        "message": text("What is missing."),
    }
)
ACKNOWLEDGED: Final = record({"message": text("What is missing."), **PROGRESS}, **PROGRESS_AND_MORE)

ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/v2/status",
        "The state of the Coordinator: 0 uninitialised, 1 recovery needed, 2 accepting a manifest, "
        "3 accepting Marbles.",
        _status_get,
        record({"code": number("The state.", 0, 3), "message": text("The same for people.")}),
    ),
    Endpoint(
        "GET",
        "/api/v2/manifest",
        "The manifest in force; an error before one is set.",
        _manifest_get,
        record(
            {
                "manifestSignatureRootECDSA": data(
                    "ECDSA signature (ASN.1 DER) of the root key over the SHA-256 of the manifest."
                ),
                "manifestFingerprint": text("That SHA-256 in hexadecimal digits."),
                "manifest": data("The manifest's very bytes."),
            }
        ),
    ),
    Endpoint(
        "POST",
        "/api/v2/manifest",
        "Set the manifest. Possible in the states 1, where it gives the old state up, and 2.",
        _manifest_post,
        record({"RecoverySecrets": RECOVERY_SECRETS}, warnings=WARNINGS),
        body=MANIFEST,
    ),
    Endpoint(
        "GET",
        "/api/v2/quote",
        "The Coordinator's certificates and its quote over the root certificate.",
        _quote_get,
        record(
            {
                "cert": text("PEM: the intermediate certificate, then the root."),
                "quote": nullable(data("With Open Enclave's header; null in simulation.")),
            },
            simulation=SIMULATION,
            softwareTEE=SOFTWARE_TEE,
        ),
        query=(NONCE,),
    ),
    Endpoint(
        "GET",
        "/api/v2/secrets",
        "Read secrets, all of them or none.",
        _secrets_get,
        record({"secrets": SECRETS}),
        who=Who.USER,
        permission="`ReadSecret` for every secret that is named",
        query=(NAMES,),
    ),
    Endpoint(
        "POST",
        "/api/v2/secrets",
        "Set user-defined secrets, all of them or none.",
        _secrets_post,
        NOTHING,
        who=Who.USER,
        permission="`WriteSecret` for every secret that is named",
        body=record({"secrets": UPLOADS}),
    ),
    Endpoint(
        "POST",
        "/api/v2/sign-quote",
        "Verify an SGX quote and sign its TCB status, good or bad.",
        _sign_quote_post,
        record(
            {
                "tcbStatus": text("As Intel names it."),
                "verificationSignature": data(
                    "ECDSA signature (ASN.1 DER) of the root key over the SHA-256 of: the quote in "
                    "base64, then the TCB status."
                ),
            },
            softwareTEE=SOFTWARE_TEE,
        ),
        body=record({"sgxQuote": data("The quote, without Open Enclave's header.")}),
        max_body=MAX_QUOTE_BODY,
        gate=FeatureGate.SIGN_QUOTE_ENDPOINT,
    ),
    Endpoint(
        "POST",
        "/api/v2/monotonic-counter",
        "Raise a counter of this Marble, known by its type and UUID; it is never lowered.",
        _monotonic_counter_post,
        record({"value": number("What the counter was before, 0 if it is new.")}),
        who=Who.MARBLE,
        body=record({"name": text("Of the counter."), "value": number("What it shall be.")}),
        max_body=MAX_COUNTER_BODY,
        gate=FeatureGate.MONOTONIC_COUNTER,
    ),
    Endpoint(
        "GET",
        "/api/v2/update",
        "The update log: what changed the deployment, when, and who did it.",
        _update_get,
        record({"updateLog": array({"type": "string"}, "A JSON object each, oldest first.")}),
    ),
    Endpoint(
        "POST",
        "/api/v2/update",
        "Update packages at once, or submit an update of the whole manifest. It is in force as "
        "soon as no acknowledgement is missing.",
        _update_post,
        reference("UpdateProgress"),
        who=Who.USER,
        permission="`UpdateSecurityVersion` for every package that is named, or `UpdateManifest`",
        body=MANIFEST,
    ),
    Endpoint(
        "GET",
        "/api/v2/update-manifest",
        "The update that waits for acknowledgements.",
        update_manifest_get,
        PENDING,
        refusals=NO_UPDATE,
    ),
    Endpoint(
        "POST",
        "/api/v2/update-manifest",
        "Acknowledge the pending update, by its very bytes.",
        _update_manifest_post,
        ACKNOWLEDGED,
        who=Who.USER,
        permission="`UpdateManifest`",
        body=MANIFEST,
        refusals=NO_UPDATE,
    ),
    Endpoint(
        "POST",
        "/api/v2/update-cancel",
        "Drop the pending update.",
        _update_cancel_post,
        record({"message": text("That it is done.")}),
        who=Who.USER,
        permission="`UpdateManifest`",
        refusals=NO_UPDATE,
    ),
    Endpoint(
        "GET",
        "/api/v2/recover/public-key",
        "The key to encrypt recovery secrets with, while recovery is needed (state 1): RSA-OAEP "
        "with SHA-256. It is made anew at every start.",
        _recovery_public_key_get,
        record(
            {
                "algorithm": text("RSA."),
                "ephemeralPublicKey": data("SubjectPublicKeyInfo, DER; 4,096 bits."),
            }
        ),
    ),
    Endpoint(
        "POST",
        "/api/v2/recover",
        "Hand in a recovery secret, decrypted with the recovery key, or encrypted again with the "
        "Coordinator's ephemeral key (state 1). The state is recovered once enough are in.",
        _recover_post,
        record(
            {
                "remaining": number("How many secrets are missing still; 0 once it is recovered."),
                "message": text("The same for people."),
            }
        ),
        body=record(
            {
                "recoverySecret": data("The secret."),
                "recoverySecretSignature": data(
                    "The owner's signature over the decrypted secret: RSA PKCS #1 v1.5, SHA-256."
                ),
            }
        ),
        max_body=MAX_RECOVERY_BODY,
    ),
)
