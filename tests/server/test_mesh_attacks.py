"""What strangers may try on the mesh port: it costs them more than us, and honest Marbles go on."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_coordinator.server.limits import MEBIBYTE, MeshLimits
from ringtaw_coordinator.server.mesh.frames import ErrorCode
from ringtaw_testkit.identities import anonymous_context
from ringtaw_testkit.simulator import HOST, CoordinatorSimulator

from tests.support import raw_http2 as h2
from tests.support.memory import growing_less_than
from tests.support.raw_http2 import Frame, RawPeer, call, frame, headers


def is_served(coordinator: CoordinatorSimulator, context: ssl.SSLContext) -> bool:
    """Whether an honest Marble gets its answer, soon."""
    start = time.monotonic()
    with RawPeer(coordinator.port, context) as peer:
        peer.send(call())
        return bool(peer.answer()) and time.monotonic() - start < 5


@pytest.mark.usefixtures("many_files")
def test_a_thousand_silent_connections(marble_context: ssl.SSLContext) -> None:
    with CoordinatorSimulator() as coordinator, ExitStack() as stack:
        with growing_less_than(100 * MEBIBYTE):
            silent = [
                stack.enter_context(socket.create_connection((HOST, coordinator.port), 10))
                for _ in range(1000)
            ]
            assert is_served(coordinator, marble_context)
        silent[0].settimeout(10)
        assert silent[0].recv(1) == b"", "the oldest has made way"


def test_silent_connections_beyond_the_handshake_make_way_too(
    marble_context: ssl.SSLContext,
) -> None:
    limits = MeshLimits(max_connections=8)
    with CoordinatorSimulator(limits=limits) as coordinator, ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(RawPeer(coordinator.port, marble_context))
        assert is_served(coordinator, marble_context)


def test_whoever_is_being_served_does_not_make_way(marble_context: ssl.SSLContext) -> None:
    limits = MeshLimits(max_connections=2)
    with CoordinatorSimulator(limits=limits) as coordinator, ExitStack() as stack:
        coordinator.admit(delay=0.5)
        served = stack.enter_context(RawPeer(coordinator.port, marble_context))
        served.send(call())
        coordinator.wait_for_requests()
        for _ in range(10):
            stack.enter_context(socket.create_connection((HOST, coordinator.port), 10))
        assert served.answer()


def test_one_address_cannot_take_all_places(marble_context: ssl.SSLContext) -> None:
    limits = MeshLimits(max_connections_per_address=3)
    with CoordinatorSimulator(limits=limits) as coordinator, ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection((HOST, coordinator.port), 10))
            for _ in range(4)
        ]
        assert silent[0].recv(1) == b""
        assert is_served(coordinator, marble_context)


def test_a_handshake_that_takes_too_long_is_ended() -> None:
    with (
        CoordinatorSimulator(limits=MeshLimits(handshake_timeout=0.2)) as coordinator,
        socket.create_connection((HOST, coordinator.port), 10) as slow,
    ):
        slow.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert slow.recv(1) == b""


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00" * 5000,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        h2.PREFACE + h2.settings(),
        b"\x16\x03\x01\xff\xff" + b"\xff" * 70_000,
        bytes(range(256)) * 4000,
    ],
    ids=["zeros", "http/1.1", "http/2", "tls", "all bytes"],
)
def test_garbage_ends_its_connection(
    coordinator: CoordinatorSimulator, marble_context: ssl.SSLContext, garbage: bytes
) -> None:
    with socket.create_connection((HOST, coordinator.port), 10) as stranger:
        try:
            stranger.sendall(garbage)
            while stranger.recv(65536):
                pass
        except ConnectionError:
            pass
        assert is_served(coordinator, marble_context)


def test_without_a_certificate_nobody_gets_to_http2(
    coordinator: CoordinatorSimulator, marble_context: ssl.SSLContext
) -> None:
    with RawPeer(coordinator.port, anonymous_context()) as stranger:
        assert stranger.end() is None
        with pytest.raises(AssertionError, match="hung up"):
            stranger.until(h2.SETTINGS)
    assert is_served(coordinator, marble_context)


INDEXED = b"\x40\x01a\x7f\xb0\x1e" + b"v" * 4015
"""A field of 4 KiB that goes into the dynamic table, where one byte repeats it."""
FLOODS: dict[str, Callable[[], bytes]] = {
    "continuations": lambda: (
        frame(h2.HEADERS, 0, 1, b"\x82") + frame(h2.CONTINUATION, 0, 1) * 100_000
    ),
    "large continuations": lambda: (
        frame(h2.HEADERS, 0, 1, b"\x82") + frame(h2.CONTINUATION, 0, 1, bytes(16_384)) * 100
    ),
    "header bomb": lambda: frame(h2.HEADERS, h2.END_HEADERS, 1, INDEXED + b"\xbe" * 10_000),
    "pings": lambda: frame(h2.PING, payload=bytes(8)) * 100_000,
    "settings": lambda: h2.settings() * 100_000,
    "priorities": lambda: frame(h2.PRIORITY, 0, 3, bytes(5)) * 100_000,
    "unknown frames": lambda: frame(0x55, 0, 0, bytes(100)) * 50_000,
    "empty data": lambda: headers(1) + frame(h2.DATA, 0, 1) * 100_000,
    "data byte by byte": lambda: (
        headers(1)
        + frame(h2.DATA, 0, 1, b"\x00\x00\x20\x00\x00")
        + frame(h2.DATA, 0, 1, b"x") * 100_000
    ),
    "windows": lambda: headers(1) + h2.window_update(1, 1) * 100_000,
    "streams": lambda: b"".join(headers(2 * n + 1) for n in range(5000)),
    "resets": lambda: b"".join(
        headers(2 * n + 1) + frame(h2.RST_STREAM, 0, 2 * n + 1, bytes(4)) for n in range(5000)
    ),
}


@pytest.mark.parametrize("name", FLOODS)
def test_floods_are_told_to_calm_down(
    coordinator: CoordinatorSimulator, marble_context: ssl.SSLContext, name: str
) -> None:
    flood = FLOODS[name]()
    with (
        growing_less_than(60 * MEBIBYTE),
        RawPeer(coordinator.port, marble_context) as stranger,
    ):
        stranger.send(flood)
        assert stranger.end() in (ErrorCode.ENHANCE_YOUR_CALM, None)
        assert is_served(coordinator, marble_context)
    assert len(coordinator.requests) == 1


def test_whoever_takes_no_answers_is_no_longer_read(marble_context: ssl.SSLContext) -> None:
    limits = MeshLimits(frame_allowance=10_000_000)
    with (
        CoordinatorSimulator(limits=limits) as coordinator,
        growing_less_than(60 * MEBIBYTE),
        RawPeer(coordinator.port, marble_context, patience=1.0) as stranger,
    ):
        pings = frame(h2.PING, payload=bytes(8)) * 2_000_000
        with pytest.raises(TimeoutError):
            stranger.socket.sendall(pings)


def upload(peer: RawPeer, size: int) -> Frame | None:
    """Send so much of a message of 4 MiB as the windows open; return the refusal, if one comes."""
    peer.send(headers(1), frame(h2.DATA, 0, 1, b"\x00\x00\x40\x00\x00"))
    for _ in range(size // 16_384):
        peer.send(frame(h2.DATA, 0, 1, bytes(16_384)))
        for came in peer.frames():
            if (came.type, came.stream_id) == (h2.WINDOW_UPDATE, 1):
                break
            if (came.type, came.stream_id) == (h2.HEADERS, 1):
                return came
    return None


def test_half_sent_large_requests_share_a_budget(marble_context: ssl.SSLContext) -> None:
    limits = MeshLimits(max_buffered=8 * MEBIBYTE)
    with CoordinatorSimulator(limits=limits) as coordinator, ExitStack() as stack:
        with growing_less_than(60 * MEBIBYTE):
            for number in range(20):
                stranger = stack.enter_context(RawPeer(coordinator.port, marble_context))
                refusal = upload(stranger, 3 * MEBIBYTE)
                assert (refusal is None) == (number < 2)
            assert is_served(coordinator, marble_context)
        stack.close()
        with RawPeer(coordinator.port, marble_context) as peer:
            assert upload(peer, 3 * MEBIBYTE) is None, "the budget has been given back"


def test_hanging_up_at_every_byte_leaves_nothing_behind(
    coordinator: CoordinatorSimulator, marble_context: ssl.SSLContext
) -> None:
    whole = h2.PREFACE + h2.settings() + call()
    for end in range(0, len(whole) - 1, 7):
        with RawPeer(coordinator.port, marble_context, greet=False) as stranger:
            stranger.send(whole[:end])
    assert not coordinator.requests
    assert is_served(coordinator, marble_context)


def test_answers_to_who_hung_up_are_dropped(
    coordinator: CoordinatorSimulator, marble_context: ssl.SSLContext
) -> None:
    coordinator.admit(MarbleParameters({"f": bytes(3 * MEBIBYTE)}, {}, ()), delay=0.05)
    for number in range(1, 11):
        with RawPeer(coordinator.port, marble_context) as stranger:
            stranger.send(call())
            coordinator.wait_for_requests(number)
    coordinator.admit()
    assert is_served(coordinator, marble_context)
