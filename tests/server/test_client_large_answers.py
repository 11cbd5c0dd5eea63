"""Answers that are large: written once, sent piece by piece, and held for nobody who is slow."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from ringtaw_coordinator.server.client.app import ClientApp
from ringtaw_coordinator.server.client.connection import PIECE, HttpConnection
from ringtaw_coordinator.server.client.growing import STEP, GrowingAnswer
from ringtaw_coordinator.server.limits import ClientLimits
from ringtaw_coordinator.server.observer import NoObserver

from tests.support.facade import ScriptedFacade
from tests.support.raw_http1 import RawClient, build

ENTRIES = tuple(json.dumps({"update": f"number {n}", "padding": "x" * 100}) for n in range(9_000))


@pytest.mark.parametrize("count", [0, 1, STEP - 1, STEP, STEP + 1, len(ENTRIES)])
async def test_the_update_log_arrives_whole(facade: ScriptedFacade, port: int, count: int) -> None:
    """Also after a shorter one, which is what it was before."""
    async with await RawClient.connect(port) as client:
        for log in (ENTRIES[: count // 2], ENTRIES[:count], ENTRIES[:count]):
            facade.log = log
            new = await client.request("GET", "/api/v2/update")
            old = await client.request("GET", "/update")
            assert new.json == {"status": "success", "data": {"updateLog": list(log)}}
            assert old.json == {"status": "success", "data": "".join(f"{e}\n" for e in log)}


async def test_many_at_once_and_others_meanwhile(facade: ScriptedFacade, port: int) -> None:
    facade.log = ENTRIES
    async with asyncio.TaskGroup() as group:
        answers = [group.create_task(_ask(port, "/api/v2/update")) for _ in range(8)]
        others = [group.create_task(_ask(port, "/api/v2/status")) for _ in range(8)]
    assert all(answer.result()["updateLog"] == list(ENTRIES) for answer in answers)
    assert all(other.result()["code"] == 2 for other in others)


async def _ask(port: int, path: str) -> Any:
    async with await RawClient.connect(port) as client:
        return (await client.request("GET", path)).json["data"]


class Network(asyncio.Transport):
    """Takes what is sent, and is full whenever a test wants it to be."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = bytearray()
        self.closing = False
        self.protocol: HttpConnection
        self.is_slow = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return b""

    def watch(self, seconds: float, **_: Any) -> None:
        """Nothing has a deadline here."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data
        if self.is_slow:
            self.protocol.pause_writing()

    def is_closing(self) -> bool:
        return self.closing

    def resume_reading(self) -> None:
        """It always reads."""


class Observer(NoObserver):
    """Counts what ended."""

    def __init__(self) -> None:
        self.ended = 0
        self.complete = 0

    def request_ended(self, path: str) -> None:
        self.ended += 1

    def answered(
        self, method: str, path: str, status: int, seconds: float, sizes: tuple[int, int]
    ) -> None:
        self.complete += 1


@pytest.fixture
async def connected(facade: ScriptedFacade) -> tuple[HttpConnection, Network, Observer]:
    network, observer = Network(), Observer()
    tasks = []
    app = ClientApp(facade, ClientLimits(), observer)
    connection = HttpConnection(app, lambda work: tasks.append(asyncio.ensure_future(work)))
    network.protocol = connection
    connection.connection_made(network)
    facade.log = ENTRIES
    return connection, network, observer


async def _settle() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


async def test_a_slow_client_gets_a_piece_at_a_time(
    connected: tuple[HttpConnection, Network, Observer],
) -> None:
    connection, network, observer = connected
    network.is_slow = True
    connection.data_received(build("GET", "/api/v2/update"))
    await _settle()
    pieces = 0
    while not observer.ended:
        assert pieces * PIECE < len(network.sent) <= (pieces + 1) * PIECE + 1000
        pieces += 1
        connection.resume_writing()
        await _settle()
    assert pieces > 5
    body = bytes(network.sent).partition(b"\r\n\r\n")[2]
    assert json.loads(body)["data"]["updateLog"] == list(ENTRIES)
    assert (observer.ended, observer.complete) == (1, 1)


async def test_requests_behind_it_wait_for_their_turn(
    connected: tuple[HttpConnection, Network, Observer],
) -> None:
    connection, network, observer = connected
    connection.data_received(build("GET", "/api/v2/update") * 2 + build("GET", "/api/v2/status"))
    await _settle()
    assert observer.complete == 3
    assert network.sent.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert network.sent.endswith(b"}}\n")


async def test_a_client_that_goes_away_in_the_middle_is_sent_nothing_more(
    connected: tuple[HttpConnection, Network, Observer],
) -> None:
    connection, network, observer = connected
    network.is_slow = True
    connection.data_received(build("GET", "/api/v2/update"))
    await _settle()
    sent = len(network.sent)
    connection.resume_writing()
    network.closing = True
    connection.connection_lost(None)
    await _settle()
    connection.resume_writing()
    await _settle()
    assert len(network.sent) == sent
    assert (observer.ended, observer.complete) == (1, 0)


class Writer:
    """Writes elements, and remembers how many at a time."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    def __call__(self, elements: Sequence[str]) -> bytes:
        self.counts.append(len(elements))
        return ",".join(elements).encode()


async def test_what_was_written_is_not_written_again() -> None:
    writer = Writer()
    answer = GrowingAnswer(b"[", b",", b"]", writer)
    log = tuple(str(number) for number in range(2 * STEP + 1))
    first, same = await asyncio.gather(answer.written(log), answer.written(log))
    assert first is same is await answer.written(log)
    assert writer.counts == [STEP, STEP, 1]
    longer = (*log, "more")
    assert await answer.written(longer) == b"[" + ",".join(longer).encode() + b"]"
    assert writer.counts == [STEP, STEP, 1, 1]
    assert await answer.written(("other", *log[:2])) == b"[other,0,1]"
    assert await answer.written(()) == b"[]"


async def test_who_goes_away_while_it_is_written_takes_it_from_nobody() -> None:
    writer = Writer()
    answer = GrowingAnswer(b"[", b",", b"]", writer)
    log = tuple(str(number) for number in range(2 * STEP))
    first, second = (asyncio.create_task(answer.written(log)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert len(json.loads(await second)) == 2 * STEP
    assert writer.counts == [STEP, STEP]


async def test_what_cannot_be_written_is_tried_again() -> None:
    answer = GrowingAnswer(b"[", b",", b"]", lambda elements: elements[0].encode())
    log = ("\udc80",)
    for _ in range(2):
        with pytest.raises(UnicodeEncodeError):
            await answer.written(log)
    assert await answer.written(("1",)) == b"[1]"
