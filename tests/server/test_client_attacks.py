"""What strangers may try on the client port: one clear answer each, and everybody else goes on."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import AsyncExitStack, ExitStack, suppress

import pytest
from ringtaw_coordinator.server.limits import MEBIBYTE, ClientLimits
from ringtaw_testkit.identities import Certified

from tests.support.facade import ScriptedFacade, serving
from tests.support.memory import growing_less_than
from tests.support.raw_http1 import RawClient, ask, build


async def is_served(port: int) -> bool:
    """Whether an honest client gets its answer, soon."""
    async with asyncio.timeout(5):
        return (await ask(port, "GET", "/api/v2/status")).status == 200


@pytest.mark.parametrize("path", ["/manifest", "/api/v2/manifest", "/status", "/nothing"])
async def test_a_body_announced_too_large_is_refused_unread(
    port: int, facade: ScriptedFacade, path: str
) -> None:
    async with await RawClient.connect(port) as client:
        answer = await client.request("POST", path, b"", f"Content-Length: {100 * MEBIBYTE}")
    assert answer.status == (413 if path.endswith("manifest") else 405)
    assert answer.json["status"] in ("error", "fail")
    assert not facade.manifests


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_hundred_megabytes_are_refused_with_a_clear_answer(
    port: int, facade: ScriptedFacade, chunked: bool
) -> None:
    part = bytes(MEBIBYTE)
    if chunked:
        part = b"100000\r\n" + part + b"\r\n"
    line = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {100 * MEBIBYTE}"
    with growing_less_than(100 * MEBIBYTE):
        async with await RawClient.connect(port) as client:
            client.writer.write(build("POST", "/api/v2/manifest", b"", line))
            sending = asyncio.create_task(send_all(client, part))
            answer = await client.answer()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
    assert answer.status == 413
    assert "larger than" in answer.json["message"]
    assert not facade.manifests
    assert await is_served(port)


async def send_all(client: RawClient, part: bytes) -> None:
    for _ in range(100):
        client.writer.write(part)
        await client.writer.drain()


async def test_bodies_share_a_budget(facade: ScriptedFacade, root: Certified) -> None:
    limits = ClientLimits(max_buffered=2 * MEBIBYTE)
    half = build("POST", "/manifest", bytes(MEBIBYTE), f"Content-Length: {2 * MEBIBYTE}")
    async with serving(facade, root, limits) as port, AsyncExitStack() as stack:
        for _ in range(2):
            client = await stack.enter_async_context(await RawClient.connect(port))
            client.writer.write(half)
            await client.writer.drain()
        await asyncio.sleep(0.1)
        answer = await ask(port, "POST", "/manifest", bytes(2 * MEBIBYTE))
        assert answer.status == 503
        assert await is_served(port)
        await stack.aclose()
        await asyncio.sleep(0.1)
        assert (await ask(port, "POST", "/manifest", bytes(2 * MEBIBYTE))).status == 200
    assert facade.manifests == [bytes(2 * MEBIBYTE)]


async def test_hanging_up_in_the_middle_of_a_body_leaves_no_trace(
    port: int, facade: ScriptedFacade, capfd: pytest.CaptureFixture[str]
) -> None:
    for line in ("Content-Length: 1000", "Transfer-Encoding: chunked"):
        async with await RawClient.connect(port) as client:
            client.writer.write(build("POST", "/api/v2/manifest", b"5\r\nhello", line))
            await client.writer.drain()
    await asyncio.sleep(0.1)
    assert not facade.manifests
    assert await is_served(port)
    assert "error" not in "".join(capfd.readouterr()).lower()


async def test_a_slow_body_is_given_up(facade: ScriptedFacade, root: Certified) -> None:
    limits = ClientLimits(request_timeout=0.2)
    async with serving(facade, root, limits) as port, await RawClient.connect(port) as client:
        start = time.monotonic()
        answer = await client.request("POST", "/manifest", b"x", "Content-Length: 10")
        assert answer.status == 408
        assert time.monotonic() - start < 5
    assert not facade.manifests


@pytest.mark.parametrize("said", [b"", b"GET /status HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_slow_headers_are_given_up(
    facade: ScriptedFacade, root: Certified, said: bytes
) -> None:
    limits = ClientLimits(idle_timeout=0.2)
    async with serving(facade, root, limits) as port, await RawClient.connect(port) as client:
        client.writer.write(said)
        assert await client.end() == b""


async def test_drip_fed_headers_are_given_up_too(facade: ScriptedFacade, root: Certified) -> None:
    async def drip(client: RawClient) -> None:
        client.writer.write(b"GET /status HTTP/1.1\r\n")
        while True:
            client.writer.write(b"X-A: b\r\n")
            await asyncio.sleep(0.05)

    limits = ClientLimits(idle_timeout=0.3)
    async with serving(facade, root, limits) as port, await RawClient.connect(port) as client:
        dripping = asyncio.create_task(drip(client))
        assert await client.end() == b""
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)


async def test_an_idle_connection_is_closed(facade: ScriptedFacade, root: Certified) -> None:
    limits = ClientLimits(idle_timeout=0.2)
    async with serving(facade, root, limits) as port, await RawClient.connect(port) as client:
        assert (await client.request("GET", "/status")).status == 200
        assert await client.end() == b""


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"\x00\xff\xfe garbage\r\n\r\n", id="garbage"),
        pytest.param(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", id="long path"),
        pytest.param(build("GET", "/status", b"", "X: " + "a" * 100_000), id="long header"),
        pytest.param(build("GET", "/status", b"", *["X: y"] * 1000), id="many headers"),
        pytest.param(build("GET", "/status", b"", "Content-Length: x"), id="bad length"),
        pytest.param(build("GET", "/status", b"", "Content-Length: -1"), id="negative length"),
        pytest.param(
            build("POST", "/manifest", b"", "Content-Length: 1", "Content-Length: 2"),
            id="two lengths",
        ),
        pytest.param(
            build("POST", "/manifest", b"", "Content-Length: 1", "Transfer-Encoding: chunked"),
            id="length and chunks",
        ),
        pytest.param(build("GET", "/status", b"", "A : b"), id="space before colon"),
        pytest.param(
            build("POST", "/manifest", b"zz\r\n", "Transfer-Encoding: chunked"), id="chunk"
        ),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="http/2"),
    ],
)
async def test_what_is_no_http_is_answered_once_and_cut_off(
    port: int, facade: ScriptedFacade, request_: bytes
) -> None:
    async with await RawClient.connect(port) as client:
        client.writer.write(request_)
        rest = await client.end()
    assert b" 400 " in rest.split(b"\r\n")[0]
    assert rest.count(b'{"status":"') == 1
    assert not facade.manifests
    assert await is_served(port)


async def test_upgrades_are_not_taken(port: int) -> None:
    lines = "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"
    async with await RawClient.connect(port) as client:
        assert (await client.request("GET", "/status", b"", *lines)).status == 200
    assert await is_served(port)


async def test_a_flood_of_pipelined_requests_is_served_in_turn(port: int) -> None:
    with growing_less_than(40 * MEBIBYTE):
        async with await RawClient.connect(port) as client:
            client.writer.write(build("GET", "/api/v2/status") * 2000)
            assert await is_served(port)
            for _ in range(2000):
                assert (await client.answer()).status == 200


async def test_whoever_takes_no_answers_is_cut_off(facade: ScriptedFacade, root: Certified) -> None:
    facade.manifests.append(bytes(12 * MEBIBYTE))
    limits = ClientLimits(answer_timeout=0.3)
    async with serving(facade, root, limits) as port, await RawClient.connect(port) as client:
        client.writer.write(build("GET", "/manifest"))
        transport = client.writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()
        await asyncio.sleep(1.0)
        assert await is_served(port)
        transport.resume_reading()
        assert len(await client.end()) < 16 * MEBIBYTE


@pytest.mark.usefixtures("many_files")
async def test_a_thousand_silent_connections(port: int) -> None:
    with ExitStack() as stack, growing_less_than(100 * MEBIBYTE):
        for _ in range(100):
            for _ in range(10):
                stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            await asyncio.sleep(0)
        assert await is_served(port)


async def test_garbage_instead_of_tls(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /status HTTP/1.1\r\n\r\n" + bytes(100_000))
    with suppress(ConnectionError):
        await reader.read()
    writer.close()
    assert await is_served(port)


async def test_a_request_at_work_does_not_make_way(facade: ScriptedFacade, root: Certified) -> None:
    facade.delay = 0.5
    limits = ClientLimits(max_connections=2)
    async with serving(facade, root, limits) as port, await RawClient.connect(port) as client:
        client.writer.write(build("POST", "/manifest", b"{}"))
        await asyncio.sleep(0.1)
        with ExitStack() as stack:
            for _ in range(10):
                stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
                await asyncio.sleep(0.01)
            assert (await client.answer()).status == 200
    assert facade.manifests == [b"{}"]


async def test_a_body_of_many_values_is_not_parsed(port: int) -> None:
    body = b'{"manifest": [' + b"[]," * 100_000 + b"[]]}"
    answer = await ask(port, "POST", "/api/v2/manifest", body)
    assert answer.status == 400
    assert "more than 10,000 values" in answer.json["message"]
