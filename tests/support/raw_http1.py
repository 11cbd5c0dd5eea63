"""A client of HTTP/1.1 that says whatever a test wants, over asyncio and TLS."""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import dataclass
from typing import Any, Self

from ringtaw_testkit.identities import anonymous_context

PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, which is JSON."""
        assert self.headers["content-type"].startswith("application/json")
        return json.loads(self.body)


def build(method: str, path: str, body: bytes = b"", *lines: str) -> bytes:
    """Build a request; a body has its length before it unless there are ``lines``."""
    extra = lines or ((f"Content-Length: {len(body)}",) if body else ())
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: x", *extra, "", "")).encode() + body


class RawClient:
    """One connection. Every step waits at most some seconds."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, context: ssl.SSLContext | None = None) -> Self:
        """Connect with TLS."""
        context = context or anonymous_context("http/1.1")
        return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=context))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()
        await asyncio.sleep(0)

    async def request(self, method: str, path: str, body: bytes = b"", *lines: str) -> Answer:
        """Send a request and read the answer."""
        self.writer.write(build(method, path, body, *lines))
        return await self.answer()

    async def answer(self) -> Answer:
        """Read an answer."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = (line.split(": ", 1) for line in head[1:] if line)
            headers = {name.lower(): value for name, value in fields}
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(head[0].split()[1]), headers, body)

    async def end(self) -> bytes:
        """Read to the end of the connection."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except (ConnectionError, ssl.SSLError):
                return b""


async def ask(port: int, method: str, path: str, body: bytes = b"", *lines: str) -> Answer:
    """Ask once, on a connection of its own."""
    async with await RawClient.connect(port) as client:
        return await client.request(method, path, body, *lines)
