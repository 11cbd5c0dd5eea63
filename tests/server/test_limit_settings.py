"""Limits that operators set hold at the ports of the process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from ringtaw_testkit.identities import self_signed

from tests.support.coordinator_process import COMMAND, coordinator_process, environment
from tests.support.raw_http1 import RawClient, ask, build

CLIENT: Final = "RINGTAW_CLIENT_API_"
SETTINGS: Final = {
    CLIENT + "MAX_BODY": "65536",
    CLIENT + "MAX_BUFFERED": "65536",
    CLIENT + "MAX_REQUEST_LINE": "1024",
    CLIENT + "MAX_HEADER_LINE": "2048",
    CLIENT + "MAX_HEADERS": "16",
    CLIENT + "IDLE_TIMEOUT": "0.4",
    CLIENT + "REQUEST_TIMEOUT": "0.5",
    CLIENT + "MAX_CONNECTIONS_PER_ADDRESS": "3",
    CLIENT + "HANDSHAKE_TIMEOUT": "0.4",
    "RINGTAW_MESH_API_IDLE_TIMEOUT": "0.4",
    "RINGTAW_MESH_API_HANDSHAKE_TIMEOUT": "0.4",
}


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """Yield those of the client API and the mesh API."""
    directory = tmp_path_factory.mktemp("limited")
    with coordinator_process(directory / "state", SETTINGS) as coordinator:
        yield coordinator.client_address[1], int(coordinator.mesh_address.rpartition(":")[2])


@pytest.fixture
def port(ports: tuple[int, int]) -> int:
    return ports[0]


async def test_bodies(port: int) -> None:
    assert (await ask(port, "POST", "/manifest", bytes(65_536))).status == 400
    answer = await ask(port, "POST", "/manifest", bytes(65_537))
    assert answer.status == 413
    assert "larger than 65536 bytes" in answer.json["message"]


async def test_all_bodies_together(port: int) -> None:
    async with await RawClient.connect(port) as client:
        client.writer.write(build("POST", "/manifest", bytes(60_000), "Content-Length: 60001"))
        await client.writer.drain()
        await asyncio.sleep(0.1)
        assert (await ask(port, "POST", "/manifest", bytes(10_000))).status == 503


@pytest.mark.parametrize(("path", "status"), [("a" * 900, 405), ("a" * 1100, 400)])
async def test_request_lines(port: int, path: str, status: int) -> None:
    assert (await ask(port, "GET", f"/{path}")).status == status


@pytest.mark.parametrize(("size", "status"), [(2000, 200), (2100, 400)])
async def test_header_lines(port: int, size: int, status: int) -> None:
    assert (await ask(port, "GET", "/status", b"", "X: " + "a" * size)).status == status


@pytest.mark.parametrize(("count", "status"), [(14, 200), (17, 400)])
async def test_numbers_of_headers(port: int, count: int, status: int) -> None:
    assert (await ask(port, "GET", "/status", b"", *["X: y"] * count)).status == status


async def test_slow_bodies(port: int) -> None:
    async with await RawClient.connect(port) as client:
        answer = await client.request("POST", "/manifest", b"x", "Content-Length: 2")
        assert answer.status == 408


async def test_idle_connections(ports: tuple[int, int], tmp_path: Path) -> None:
    context = self_signed().client_context(tmp_path)
    for port, its_context in ((ports[0], None), (ports[1], context)):
        begin = time.monotonic()
        async with await RawClient.connect(port, its_context) as client:
            await client.end()
        assert 0.3 < time.monotonic() - begin < 5


async def test_silence_instead_of_a_handshake(ports: tuple[int, int]) -> None:
    for port in ports:
        begin = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        assert 0.3 < time.monotonic() - begin < 5
        writer.close()


async def test_connections_of_one_address(port: int) -> None:
    first = await RawClient.connect(port)
    async with first, await RawClient.connect(port), await RawClient.connect(port):
        assert (await ask(port, "GET", "/status")).status == 200
        assert await first.end() == b""


async def test_a_limit_out_of_bounds_is_a_mistake_in_usage(tmp_path: Path) -> None:
    environ = environment(tmp_path, {CLIENT + "MAX_BODY": "1"})
    process = await asyncio.create_subprocess_exec(
        *COMMAND, env=environ, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert b"RINGTAW_CLIENT_API_MAX_BODY" in said
    assert b"from 65,536 to 67,108,864" in said
