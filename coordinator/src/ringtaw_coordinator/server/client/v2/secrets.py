"""Secrets of the manifest, as users read and set them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ringtaw_coordinator.core.api import SecretUpload, StoredSecret
from ringtaw_coordinator.server.client.endpoint import ClientRequest, Endpoint, Query, Who
from ringtaw_coordinator.server.client.jsend import Json, to_base64
from ringtaw_coordinator.server.client.schema import NOTHING, mapping, record, reference

NAMES: Final = Query("s", "Name of a secret; as often as needed.", "token", True, True)
SECRETS: Final = mapping(reference("Secret"), "By name.")
UPLOADS: Final = mapping(reference("SecretUpload"), "By name.")


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


READ_SECRETS: Final = Endpoint(
    "GET",
    "/api/v2/secrets",
    "Read secrets, all of them or none.",
    _secrets_get,
    record({"secrets": SECRETS}),
    who=Who.USER,
    permission="`ReadSecret` for every secret that is named",
    query=(NAMES,),
)


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


WRITE_SECRETS: Final = Endpoint(
    "POST",
    "/api/v2/secrets",
    "Set user-defined secrets, all of them or none.",
    _secrets_post,
    NOTHING,
    who=Who.USER,
    permission="`WriteSecret` for every secret that is named",
    body=record({"secrets": UPLOADS}),
)
