"""Version 2 of the client API. Further groups of endpoints join :data:`ROUTES`."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from ringtaw_coordinator.errors import StateError, VerificationError
from ringtaw_coordinator.manifest.model import FeatureGate
from ringtaw_coordinator.server.client.jsend import Json, to_base64
from ringtaw_coordinator.server.client.request import ClientRequest, RequestError


async def status_get(request: ClientRequest) -> Json:
    """Return the state, as a number and a sentence."""
    status = request.facade.status()
    return {"code": int(status.state), "message": status.message}


async def manifest_get(request: ClientRequest) -> Json:
    """Return the manifest in force with its fingerprint and signature."""
    manifest = request.facade.manifest()
    if not manifest.raw:
        raise StateError("no manifest is set yet")
    return {
        "manifestSignatureRootECDSA": to_base64(manifest.signature),
        "manifestFingerprint": manifest.fingerprint,
        "manifest": to_base64(manifest.raw),
    }


async def manifest_post(request: ClientRequest) -> Json:
    """Set the manifest; return recovery secrets by name (with a capital letter, as ever)."""
    accepted = await request.facade.set_manifest(request.json_bytes("manifest"))
    secrets = {name: to_base64(secret) for name, secret in accepted.recovery_secrets.items()}
    answer: dict[str, Json] = {"RecoverySecrets": secrets}
    if accepted.warnings:
        answer["warnings"] = list(accepted.warnings)
    return answer


async def quote_get(request: ClientRequest) -> Json:
    """Return the Coordinator's certificates and its quote, over a nonce if one is given."""
    quote = await request.facade.quote(_nonce(request.query.get("nonce", ("",))[0]))
    answer: dict[str, Json] = {"cert": quote.certificate_chain, "quote": to_base64(quote.quote)}
    if request.facade.simulation:
        answer["simulation"] = True
    if quote.software_tee:
        answer["softwareTEE"] = True
    return answer


async def sign_quote_post(request: ClientRequest) -> Json:
    """Verify an SGX quote; return its TCB status, signed whether good or bad."""
    request.facade.require_feature(FeatureGate.SIGN_QUOTE_ENDPOINT)
    try:
        signed = await request.facade.sign_quote(request.json_bytes("sgxQuote"))
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


def _nonce(text: str) -> bytes | None:
    """Decode padded base64url (RFC 4648 section 5)."""
    try:
        if set(text) & set("+/"):
            raise ValueError
        return b64decode(text, altchars=b"-_", validate=True) or None
    except (Base64Error, ValueError):
        message = "invalid query: bad nonce format: padded base64url expected"
        raise RequestError(400, message) from None


ROUTES: Final[Mapping[tuple[str, str], Callable[[ClientRequest], Awaitable[Json]]]] = {
    ("GET", "/api/v2/status"): status_get,
    ("GET", "/api/v2/manifest"): manifest_get,
    ("POST", "/api/v2/manifest"): manifest_post,
    ("GET", "/api/v2/quote"): quote_get,
    ("POST", "/api/v2/sign-quote"): sign_quote_post,
}
