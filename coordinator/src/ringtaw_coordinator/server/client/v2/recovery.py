"""Recovery of a state that is locked."""

from __future__ import annotations

from typing import Final

from ringtaw_coordinator.server.client.endpoint import KIBIBYTE, ClientRequest, Endpoint
from ringtaw_coordinator.server.client.jsend import Json, to_base64
from ringtaw_coordinator.server.client.schema import data, number, record, text

MAX_RECOVERY_BODY: Final = 20 * KIBIBYTE
RECOVERED: Final = "Recovery successful."
STILL_LOCKED: Final = "The secret was taken; more are needed. A restart forgets it."


async def _recovery_public_key_get(request: ClientRequest) -> Json:
    key = await request.facade.recovery_public_key()
    return {"algorithm": "RSA", "ephemeralPublicKey": to_base64(key)}


READ_RECOVERY_KEY: Final = Endpoint(
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
)


async def _recover_post(request: ClientRequest) -> Json:
    secret, signature = request.body["recoverySecret"], request.body["recoverySecretSignature"]
    progress = await request.facade.recover(secret, signature)
    message = STILL_LOCKED if progress.remaining else RECOVERED
    return {"remaining": progress.remaining, "message": message}


RECOVER: Final = Endpoint(
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
)
