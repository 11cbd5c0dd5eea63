"""Version 1 of the client API, without a prefix: deprecated, for clients that still use it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from ringtaw_coordinator.server.client.jsend import Json, to_base64
from ringtaw_coordinator.server.client.request import ClientRequest


async def status_get(request: ClientRequest) -> Json:
    """Return the state, as a number and a sentence."""
    status = request.facade.status()
    return {"StatusCode": int(status.state), "StatusMessage": status.message}


async def manifest_get(request: ClientRequest) -> Json:
    """Return the manifest in force; before one is set everything is empty."""
    manifest = request.facade.manifest()
    return {
        "ManifestSignatureRootECDSA": to_base64(manifest.signature),
        "ManifestSignature": manifest.fingerprint,
        "Manifest": to_base64(manifest.raw),
    }


async def manifest_post(request: ClientRequest) -> Json:
    """Set the manifest, which is the body; return recovery secrets if there are any."""
    accepted = await request.facade.set_manifest(request.body)
    if not accepted.recovery_secrets:
        return None
    secrets = {name: to_base64(secret) for name, secret in accepted.recovery_secrets.items()}
    return {"RecoverySecrets": secrets}


async def quote_get(request: ClientRequest) -> Json:
    """Return the Coordinator's certificates and its quote."""
    quote = await request.facade.quote(None)
    answer: dict[str, Json] = {"Cert": quote.certificate_chain, "Quote": to_base64(quote.quote)}
    if request.facade.simulation:
        answer["Simulation"] = True
    if quote.software_tee:
        answer["SoftwareTEE"] = True
    return answer


ROUTES: Final[Mapping[tuple[str, str], Callable[[ClientRequest], Awaitable[Json]]]] = {
    ("GET", "/status"): status_get,
    ("GET", "/manifest"): manifest_get,
    ("POST", "/manifest"): manifest_post,
    ("GET", "/quote"): quote_get,
}
