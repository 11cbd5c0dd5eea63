"""The manifest in force, and the first one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from ringtaw_coordinator.core.api import StoredManifest
from ringtaw_coordinator.errors import StateError
from ringtaw_coordinator.server.client.endpoint import ClientRequest, Endpoint
from ringtaw_coordinator.server.client.jsend import Json, Written, to_base64, write
from ringtaw_coordinator.server.client.schema import (
    RECOVERY_SECRETS,
    WARNINGS,
    data,
    record,
    reference,
    text,
)

MANIFEST: Final = reference("Manifest")


def _manifest_get(request: ClientRequest) -> Written:
    manifest = request.facade.manifest()
    if not manifest.raw:
        raise StateError("no manifest is set yet")
    return _written_manifest(manifest)


@lru_cache(maxsize=1)
def _written_manifest(manifest: StoredManifest) -> Written:
    return write(
        {
            "manifestSignatureRootECDSA": to_base64(manifest.signature),
            "manifestFingerprint": manifest.fingerprint,
            "manifest": to_base64(manifest.raw),
        }
    )


READ_MANIFEST: Final = Endpoint(
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


SET_MANIFEST: Final = Endpoint(
    "POST",
    "/api/v2/manifest",
    "Set the manifest. Possible in the states 1, where it gives the old state up, and 2.",
    _manifest_post,
    record({"RecoverySecrets": RECOVERY_SECRETS}, warnings=WARNINGS),
    body=MANIFEST,
)
