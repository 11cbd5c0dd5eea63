"""Threads for what may hang: bounded, and nobody waits for them in the end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest
from ringtaw_coordinator.core.threads import Threads
from ringtaw_coordinator.errors import UnavailableError

HANGING = """
import asyncio, threading, time
from ringtaw_coordinator.core.threads import Threads
async def main() -> None:
    begun = threading.Event()
    task = asyncio.create_task(Threads("nothing", running=1, waiting=0).run(hang, begun))
    while not begun.is_set():
        await asyncio.sleep(0.01)
def hang(begun) -> None:
    begun.set()
    time.sleep(60)
asyncio.run(main())
"""


async def test_results_and_errors_come_back() -> None:
    threads = Threads("arithmetic", running=1, waiting=0)
    assert await threads.run(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await threads.run(divmod, 7, 0)
    assert await threads.run(divmod, 8, 2) == (4, 0)


async def test_the_loop_goes_on_meanwhile() -> None:
    threads = Threads("waiting", running=1, waiting=0)
    gate = threading.Event()
    task = asyncio.create_task(threads.run(gate.wait, 10))
    await asyncio.sleep(0.01)
    assert not task.done()
    gate.set()
    assert await task


async def test_no_more_run_than_may_and_no_more_wait_than_may() -> None:
    threads = Threads("a turn", running=2, waiting=3)
    gate = threading.Event()
    lock, running, most = threading.Lock(), 0, 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(10)
        with lock:
            running -= 1

    tasks = [asyncio.create_task(threads.run(work)) for _ in range(5)]
    await asyncio.sleep(0.05)
    with pytest.raises(UnavailableError, match="too many wait for a turn"):
        await threads.run(work)
    gate.set()
    await asyncio.gather(*tasks)
    assert most == 2
    await threads.run(work)


async def test_who_goes_away_frees_no_place_before_the_work_is_done() -> None:
    threads = Threads("a turn", running=1, waiting=1)
    gate, begun = threading.Event(), threading.Event()
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, event: complaints.append(event))

    def work() -> bool:
        begun.set()
        return gate.wait(10)

    first = asyncio.create_task(threads.run(work))
    await asyncio.to_thread(begun.wait, 10)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    waiting = asyncio.create_task(threads.run(lambda: "second"))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    with pytest.raises(UnavailableError):
        await threads.run(lambda: "third")
    waiting.cancel()
    await asyncio.sleep(0)
    again = asyncio.create_task(threads.run(lambda: "again"))
    gate.set()
    assert await again == "again"
    assert not complaints


def test_the_process_ends_without_waiting() -> None:
    begin = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, timeout=30)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert time.monotonic() - begin < 10
