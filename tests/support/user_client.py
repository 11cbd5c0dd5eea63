"""A user of a running Coordinator: asks with a certificate, one connection a request."""

from __future__ import annotations

import asyncio
import json
import ssl
from base64 import b64encode
from pathlib import Path
from typing import Any

from ringtaw_testkit.identities import Certified, self_signed

from tests.support.described import check_described
from tests.support.raw_http1 import Answer, RawClient, build


class UserClient:
    """Someone with a name and a certificate."""

    def __init__(self, name: str, directory: Path, certified: Certified | None = None) -> None:
        self.name = name
        self.certified: Certified = certified or self_signed(name)
        self.context: ssl.SSLContext = self.certified.client_context(directory, "http/1.1")
        self.port = 0
        """Of the Coordinator, set when there is one."""

    def definition(self, *roles: str) -> dict[str, Any]:
        """Return what a manifest says of this user."""
        return {"Certificate": self.certified.pem.decode(), "Roles": list(roles)}

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Ask; a body is JSON. The answer is as the description of the API says."""
        async with await RawClient.connect(self.port, self.context) as client:
            answer = await client.request(method, path, b"" if body is None else encode(body))
        check_described(method, path, answer.status, answer.json)
        return answer

    async def hang_up(self, path: str, body: Any, *, part: float = 1.0, after: float = 0.0) -> None:
        """Post a part of a request, wait ``after`` seconds, and drop the connection."""
        request = build("POST", path, encode(body))
        async with await RawClient.connect(self.port, self.context) as client:
            client.writer.write(request[: int(part * len(request))])
            await client.writer.drain()
            await asyncio.sleep(after)

    async def update(self, raw: bytes) -> Answer:
        """Submit an update."""
        return await self.ask("POST", "/api/v2/update", envelope(raw))

    async def acknowledge(self, raw: bytes) -> Answer:
        """Acknowledge the pending one."""
        return await self.ask("POST", "/api/v2/update-manifest", envelope(raw))

    async def write(self, secret: str, value: bytes) -> Answer:
        """Set a secret."""
        return await self.ask("POST", "/api/v2/secrets", upload(secret, value))

    async def read(self, secret: str) -> str | None:
        """Return a secret's value in base64."""
        answer = await self.ask("GET", f"/api/v2/secrets?s={secret}")
        assert answer.status == 200, answer.body
        value: str | None = answer.json["data"]["secrets"][secret]["Private"]
        return value


def encode(body: Any) -> bytes:
    """Return JSON."""
    return json.dumps(body).encode()


def envelope(raw: bytes) -> dict[str, str]:
    """Return the body that carries a manifest."""
    return {"manifest": b64encode(raw).decode()}


def upload(secret: str, value: bytes) -> dict[str, Any]:
    """Return the body that sets a secret."""
    return {"secrets": {secret: {"Key": b64encode(value).decode()}}}
