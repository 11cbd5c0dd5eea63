"""No conversation, however odd, upsets a connection or what it shares with others."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st
from ringtaw_coordinator.core.api import ActivationRequest, MarbleParameters
from ringtaw_coordinator.server.budget import Budget
from ringtaw_coordinator.server.connection import TLSConnection
from ringtaw_coordinator.server.limits import MeshLimits
from ringtaw_coordinator.server.mesh.connection import Connection
from ringtaw_coordinator.server.mesh.service import MarbleService

from tests.support import raw_http2 as h2

STREAMS = st.sampled_from([1, 3, 5, 7])
SIZES = st.sampled_from([1, 1000, 65_535, (1 << 31) - 1])
FRAMES = st.one_of(
    st.builds(h2.call, STREAMS, st.binary(max_size=20)),
    st.builds(h2.headers, STREAMS),
    st.builds(h2.frame, st.just(h2.DATA), st.sampled_from([0, 1, 8]), STREAMS, st.binary()),
    st.builds(h2.window_update, st.just(0) | STREAMS, SIZES),
    st.builds(lambda size: h2.settings((4, size)), SIZES | st.just(0)),
    st.builds(h2.frame, st.just(h2.RST_STREAM), st.just(0), STREAMS, st.just(bytes(4))),
    st.builds(h2.frame, st.integers(0, 10), st.integers(0, 255), STREAMS, st.binary(max_size=20)),
)
PAUSE, RESUME, WAIT = "pause", "resume", "wait"
STEPS = st.lists(FRAMES | st.sampled_from([PAUSE, RESUME, WAIT]), max_size=15)


class Network:
    """Stands where the TLS connection is; takes everything."""

    def __init__(self) -> None:
        self.closed = False
        self.busy = False

    def get_extra_info(self, _: str) -> bytes:
        return b"certificate"

    def write(self, _: bytes) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def watch(self, _: float, *, busy: bool = False, expired: object = None) -> None:
        self.busy = busy


class Activator:
    async def activate(self, _: ActivationRequest) -> MarbleParameters:
        await asyncio.sleep(0)
        return MarbleParameters({"f": bytes(70_000)}, {}, ())


async def converse(steps: list[bytes | str]) -> None:
    limits = MeshLimits()
    budget = Budget(limits.max_buffered)
    tasks: list[asyncio.Task[None]] = []

    def spawn(work: Coroutine[Any, Any, None]) -> None:
        tasks.append(asyncio.get_running_loop().create_task(work))

    network = Network()
    connection = Connection(MarbleService(Activator(), limits), limits, budget, spawn)
    connection.connection_made(cast(TLSConnection, network))
    for step in [h2.PREFACE + h2.settings(), *steps]:
        if network.closed:
            break
        if isinstance(step, bytes):
            connection.data_received(step)
        elif step == PAUSE:
            connection.pause_writing()
        elif step == RESUME:
            connection.resume_writing()
        else:
            await asyncio.sleep(0)
    connection.connection_lost(None)
    await asyncio.gather(*tasks)
    assert budget.reserve(limits.max_buffered), "everything reserved has been given back"


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_no_conversation_upsets_a_connection(steps: list[bytes | str]) -> None:
    asyncio.run(converse(steps))
