"""Quotes: the Coordinator's own, and those of others that it verifies and signs."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Final

from ringtaw_coordinator.errors import VerificationError
from ringtaw_coordinator.manifest.model import FeatureGate
from ringtaw_coordinator.server.client.endpoint import (
    KIBIBYTE,
    ClientRequest,
    Endpoint,
    Query,
    RequestError,
)
from ringtaw_coordinator.server.client.jsend import Json, to_base64
from ringtaw_coordinator.server.client.schema import (
    SIMULATION,
    SOFTWARE_TEE,
    data,
    nullable,
    record,
    text,
)

MAX_QUOTE_BODY: Final = 512 * KIBIBYTE
NONCE: Final = Query(
    "nonce",
    "Padded base64url. It is hashed into the quote, so that nobody can send an old one.",
    "Zm9vYmFy",
    pattern="^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}==|[A-Za-z0-9_-]{3}=)?$",
)


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


READ_QUOTE: Final = Endpoint(
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
)


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


SIGN_QUOTE: Final = Endpoint(
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
)
