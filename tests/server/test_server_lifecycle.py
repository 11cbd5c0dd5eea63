"""Servers start, stop and leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable

import pytest
from ringtaw_coordinator.core.api import ActivationRequest, MarbleParameters
from ringtaw_coordinator.server.client.server import ClientServer
from ringtaw_coordinator.server.mesh.server import MeshServer
from ringtaw_testkit.identities import Certified

from tests.support.facade import ScriptedFacade
from tests.support.raw_http1 import RawClient, build
from tests.support.raw_http2 import PREFACE, call, settings

ROUNDS = 200


class SlowActivator:
    """Admits after some time; counts who got through and who was cut off."""

    def __init__(self, delay: float = 0.0) -> None:
        self.delay = delay
        self.begun = self.done = self.cancelled = 0

    async def activate(self, _: ActivationRequest) -> MarbleParameters:
        self.begun += 1
        try:
            await asyncio.sleep(self.delay)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.done += 1
        return MarbleParameters({}, {}, ())


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def settled(measure: Callable[[], int], expected: int) -> bool:
    """Whether ``measure`` comes down to ``expected`` within some seconds."""
    for _ in range(200):
        gc.collect(0)
        if measure() <= expected:
            return True
        await asyncio.sleep(0.02)
    return False


@pytest.fixture
async def activator() -> SlowActivator:
    return SlowActivator()


@pytest.fixture
async def mesh(activator: SlowActivator, root: Certified) -> AsyncIterator[MeshServer]:
    server = MeshServer(activator, root.identity)
    yield server
    await server.stop(0.0)


async def talk(port: int, context: ssl.SSLContext | None, said: bytes, answer: bytes) -> None:
    async with await RawClient.connect(port, context) as client:
        client.writer.write(said)
        if answer:
            await client.reader.readuntil(answer)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        pytest.param(PREFACE + settings() + call(), b"grpc-status\x010", id="call"),
        pytest.param(PREFACE + settings() + call()[:50], b"", id="half a call"),
        pytest.param(b"garbage", b"", id="garbage"),
    ],
)
async def test_the_mesh_server_keeps_nothing_of_past_connections(
    mesh: MeshServer, marble_context: ssl.SSLContext, said: bytes, answer: bytes
) -> None:
    _, port = await mesh.start("127.0.0.1", 0)
    await talk(port, marble_context, said, answer)
    before = descriptors(), len(asyncio.all_tasks())
    for _ in range(ROUNDS // 20):
        await asyncio.gather(*(talk(port, marble_context, said, answer) for _ in range(20)))
    assert await settled(descriptors, before[0])
    assert await settled(lambda: len(asyncio.all_tasks()), before[1])


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        pytest.param(build("GET", "/status"), b"}}", id="request"),
        pytest.param(build("POST", "/manifest", b"x", "Content-Length: 9"), b"", id="half"),
        pytest.param(b"\x00garbage\r\n\r\n", b"}", id="garbage"),
    ],
)
async def test_the_client_server_keeps_nothing_of_past_connections(
    root: Certified, said: bytes, answer: bytes
) -> None:
    server = ClientServer(ScriptedFacade(), root.identity)
    _, port = await server.start("127.0.0.1", 0)
    await talk(port, None, said, answer)
    before = descriptors(), len(asyncio.all_tasks())
    for _ in range(ROUNDS // 20):
        await asyncio.gather(*(talk(port, None, said, answer) for _ in range(20)))
    assert await settled(descriptors, before[0])
    assert await settled(lambda: len(asyncio.all_tasks()), before[1])
    await server.stop(0.0)


@pytest.mark.parametrize(("delay", "is_done"), [(0.1, True), (30.0, False)])
async def test_stopping_waits_for_calls_at_work_and_cancels_the_rest(
    mesh: MeshServer,
    activator: SlowActivator,
    marble_context: ssl.SSLContext,
    delay: float,
    is_done: bool,
) -> None:
    activator.delay = delay
    _, port = await mesh.start("127.0.0.1", 0)
    async with await RawClient.connect(port, marble_context) as client:
        client.writer.write(PREFACE + settings() + call())
        assert await settled(lambda: 1 - activator.begun, 0)
        start = time.monotonic()
        await mesh.stop(0.4)
        assert time.monotonic() - start < 10  # the call takes 30 s if it is let
        received = await client.end()
    assert (activator.done, activator.cancelled) == (is_done, not is_done)
    assert (b"grpc-status\x010" in received) == is_done


async def test_stopping_does_not_wait_for_idle_or_half_open_connections(
    mesh: MeshServer, root: Certified, marble_context: ssl.SSLContext
) -> None:
    _, port = await mesh.start("127.0.0.1", 0)
    silent = socket.create_connection(("127.0.0.1", port), 10)
    async with await RawClient.connect(port, marble_context) as idle:
        start = time.monotonic()
        await mesh.stop(20.0)
        assert time.monotonic() - start < 10
        await idle.end()
    silent.close()


async def test_stopping_what_never_started(mesh: MeshServer, root: Certified) -> None:
    await mesh.stop()
    await ClientServer(ScriptedFacade(), root.identity).stop()


async def test_the_port_is_free_at_once(mesh: MeshServer, root: Certified) -> None:
    address = await mesh.start("127.0.0.1", 0)
    await mesh.stop(0.0)
    facade = ScriptedFacade()
    server = ClientServer(facade, root.identity)
    assert await server.start(*address) == address
    await server.stop(0.0)


async def test_a_port_in_use_is_an_error(mesh: MeshServer, root: Certified) -> None:
    address = await mesh.start("127.0.0.1", 0)
    with pytest.raises(OSError, match="address already in use"):
        await ClientServer(ScriptedFacade(), root.identity).start(*address)
