"""HTTP/2 as peers may speak it, and as they may not (RFC 9113)."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator

import pytest
from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_coordinator.server.limits import MeshLimits
from ringtaw_coordinator.server.mesh.frames import ErrorCode
from ringtaw_schemas.mesh import marble_pb2
from ringtaw_testkit.simulator import CoordinatorSimulator

from tests.support import raw_http2 as h2
from tests.support.raw_http2 import CALL, RawPeer, block, call, frame, headers

LARGE = MarbleParameters({"f": bytes(300_000)}, {}, ())


@pytest.fixture
def peer(coordinator: CoordinatorSimulator, marble_context: ssl.SSLContext) -> Iterator[RawPeer]:
    with RawPeer(coordinator.port, marble_context) as peer:
        yield peer


def test_bytes_may_come_one_by_one(
    coordinator: CoordinatorSimulator, marble_context: ssl.SSLContext
) -> None:
    with RawPeer(coordinator.port, marble_context, greet=False) as peer:
        for byte in h2.PREFACE + h2.settings() + call():
            peer.send(bytes((byte,)))
        assert peer.answer() == h2.message(b"\x0a\x00")


def test_headers_may_be_padded_have_a_priority_and_be_continued(peer: RawPeer) -> None:
    fields = block()
    first = b"\x03" + b"\x00\x00\x00\x00\x10" + fields[:5] + bytes(3)
    flags = h2.PADDED | h2.WITH_PRIORITY
    peer.send(
        frame(h2.HEADERS, flags, 1, first),
        frame(h2.CONTINUATION, 0, 1, fields[5:9]),
        frame(h2.CONTINUATION, 0, 1),
        frame(h2.CONTINUATION, h2.END_HEADERS, 1, fields[9:]),
        frame(h2.DATA, h2.PADDED | h2.END_STREAM, 1, b"\x04" + h2.message() + bytes(4)),
    )
    assert peer.answer()


def test_what_is_unknown_or_of_no_concern_is_ignored(peer: RawPeer) -> None:
    peer.send(
        frame(0xFE, 0xFF, 7, b"from the future"),
        h2.settings((0xFFFF, 1)),
        frame(h2.PRIORITY, 0, 9, bytes(5)),
        headers(1),
        frame(h2.DATA, 0, 1, h2.message()),
        headers(1, [("some-trailer", "x")], h2.END_STREAM),
    )
    assert peer.answer()


def test_pings_are_returned(peer: RawPeer) -> None:
    peer.send(frame(h2.PING, 0, 0, b"12345678"))
    pong = peer.until(h2.PING)
    assert (pong.flags, pong.payload) == (h2.ACK, b"12345678")


def test_answers_wait_for_the_peers_windows(
    coordinator: CoordinatorSimulator, marble_context: ssl.SSLContext
) -> None:
    coordinator.admit(LARGE)
    body = b""
    with RawPeer(coordinator.port, marble_context, greet=False) as peer:
        peer.send(h2.PREFACE, h2.settings((4, 1000)), call())
        body += peer.until(h2.DATA, 1).payload
        assert len(body) == 1000
        peer.send(h2.window_update(1, 64_535 + 100))
        while len(body) < 65_535:
            body += peer.until(h2.DATA, 1).payload
        assert len(body) == 65_535, "the connection's window is shared"
        peer.send(h2.settings((4, 0)), h2.window_update(0, 400_000))
        peer.send(h2.window_update(1, 901))
        came = peer.until(h2.DATA, 1).payload
        assert len(came) == 1, "the stream's window was negative in between"
        peer.send(h2.window_update(1, 400_000))
        body += came + peer.answer()
    answer = marble_pb2.ActivationResp.FromString(body[5:])
    assert answer.Parameters.Files["f"] == bytes(300_000)


def test_calls_on_one_connection_do_not_wait_for_each_other(
    coordinator: CoordinatorSimulator, peer: RawPeer
) -> None:
    coordinator.admit(delay=0.3)
    coordinator.then_admit()
    peer.send(call(1))
    coordinator.wait_for_requests()
    peer.send(call(3))
    assert peer.answer(3)
    assert peer.answer(1)


def test_a_refusal_does_not_wait_for_the_rest_of_the_request(peer: RawPeer) -> None:
    peer.send(headers(1), frame(h2.DATA, 0, 1, b"\x00\x7f\xff\xff\xff"))
    assert b"grpc-status\x018" in peer.until(h2.HEADERS, 1).payload
    assert peer.until(h2.RST_STREAM, 1).code == ErrorCode.NO_ERROR
    peer.send(frame(h2.DATA, 0, 1, bytes(1000)), call(3))
    assert peer.answer(3)


@pytest.mark.parametrize(
    ("field", "value", "status"), [(":method", "GET", "405"), ("content-type", "text/html", "415")]
)
def test_plain_http_is_answered_as_such(peer: RawPeer, field: str, value: str, status: str) -> None:
    fields = [(name, value if name == field else old) for name, old in CALL]
    peer.send(headers(1, fields, h2.END_STREAM))
    answer = peer.until(h2.HEADERS, 1)
    assert status.encode() in answer.payload
    assert answer.flags & h2.END_STREAM


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "not none"),
        (b"\x00\x00", "not none"),
        (h2.message(b"ab")[:-1], "cut off"),
        (h2.message() + b"\x00", "not more"),
        (b"\x01\x00\x00\x00\x00", "compressed"),
    ],
)
def test_requests_that_are_not_one_message_are_refused(
    coordinator: CoordinatorSimulator, peer: RawPeer, body: bytes, text: str
) -> None:
    peer.send(headers(1), frame(h2.DATA, h2.END_STREAM, 1, body))
    assert text.encode() in peer.until(h2.HEADERS, 1).payload
    assert not coordinator.requests


def without(name: str) -> list[tuple[str, str]]:
    return [field for field in CALL if field[0] != name]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(without(":path"), id="no path"),
        pytest.param(without(":method"), id="no method"),
        pytest.param([*without(":path"), (":path", "rpc")], id="relative path"),
        pytest.param([*CALL, (":path", "/")], id="pseudo-header after others"),
        pytest.param([CALL[0], *CALL], id="pseudo-header twice"),
        pytest.param([(":status", "200"), *CALL], id="pseudo-header of answers"),
        pytest.param([*CALL, ("connection", "close")], id="connection"),
        pytest.param([*CALL, ("te", "gzip")], id="te"),
        pytest.param([*CALL, ("UPPER", "x")], id="upper case"),
        pytest.param([*CALL, ("", "x")], id="no name"),
        pytest.param([*CALL, ("x", "a\r\nb: c")], id="line break"),
        pytest.param([*CALL, ("content-length", "4")], id="wrong length"),
        pytest.param([*CALL, ("content-length", "-5")], id="negative length"),
    ],
)
def test_malformed_requests_cost_their_stream_only(
    coordinator: CoordinatorSimulator, peer: RawPeer, fields: list[tuple[str, str]]
) -> None:
    peer.send(headers(1, fields), frame(h2.DATA, h2.END_STREAM, 1, h2.message()))
    assert peer.until(h2.RST_STREAM, 1).code == ErrorCode.PROTOCOL_ERROR
    peer.send(call(3))
    assert peer.answer(3)
    assert len(coordinator.requests) == 1


VIOLATIONS = {
    "data without a stream": (frame(h2.DATA), ErrorCode.PROTOCOL_ERROR),
    "headers without a stream": (headers(0), ErrorCode.PROTOCOL_ERROR),
    "even stream": (headers(2), ErrorCode.PROTOCOL_ERROR),
    "data on an idle stream": (frame(h2.DATA, 0, 1), ErrorCode.PROTOCOL_ERROR),
    "reset of an idle stream": (frame(h2.RST_STREAM, 0, 1, bytes(4)), ErrorCode.PROTOCOL_ERROR),
    "window of an idle stream": (h2.window_update(1, 1), ErrorCode.PROTOCOL_ERROR),
    "push": (frame(h2.PUSH_PROMISE, 0, 1, bytes(4)), ErrorCode.PROTOCOL_ERROR),
    "stray continuation": (frame(h2.CONTINUATION, 0, 1), ErrorCode.PROTOCOL_ERROR),
    "frame within headers": (
        frame(h2.HEADERS, 0, 1, block()) + frame(h2.PING, payload=bytes(8)),
        ErrorCode.PROTOCOL_ERROR,
    ),
    "continuation of another stream": (
        frame(h2.HEADERS, 0, 1, block()) + frame(h2.CONTINUATION, h2.END_HEADERS, 3),
        ErrorCode.PROTOCOL_ERROR,
    ),
    "padding longer than the frame": (
        frame(h2.HEADERS, h2.PADDED | h2.END_HEADERS, 1, b"\xff" + block()),
        ErrorCode.PROTOCOL_ERROR,
    ),
    "padded but empty": (frame(h2.DATA, h2.PADDED, 1), ErrorCode.FRAME_SIZE_ERROR),
    "stream that depends on itself": (
        frame(h2.PRIORITY, 0, 1, b"\x00\x00\x00\x01\x00"),
        ErrorCode.PROTOCOL_ERROR,
    ),
    "short priority": (frame(h2.PRIORITY, 0, 1, bytes(4)), ErrorCode.FRAME_SIZE_ERROR),
    "short ping": (frame(h2.PING, payload=bytes(7)), ErrorCode.FRAME_SIZE_ERROR),
    "ping on a stream": (frame(h2.PING, 0, 1, bytes(8)), ErrorCode.PROTOCOL_ERROR),
    "settings on a stream": (frame(h2.SETTINGS, 0, 1), ErrorCode.PROTOCOL_ERROR),
    "settings of a wrong length": (
        frame(h2.SETTINGS, payload=bytes(5)),
        ErrorCode.FRAME_SIZE_ERROR,
    ),
    "acknowledgement with content": (
        frame(h2.SETTINGS, h2.ACK, payload=bytes(6)),
        ErrorCode.FRAME_SIZE_ERROR,
    ),
    "push enabled twice": (h2.settings((2, 2)), ErrorCode.PROTOCOL_ERROR),
    "initial window too large": (h2.settings((4, 1 << 31)), ErrorCode.FLOW_CONTROL_ERROR),
    "frame size too small": (h2.settings((5, 100)), ErrorCode.PROTOCOL_ERROR),
    "frame too long": (frame(h2.DATA, 0, 1, bytes(16_385)), ErrorCode.FRAME_SIZE_ERROR),
    "window grows by nothing": (h2.window_update(0, 0), ErrorCode.PROTOCOL_ERROR),
    "window too large": (h2.window_update(0, (1 << 31) - 1), ErrorCode.FLOW_CONTROL_ERROR),
    "unknown index": (frame(h2.HEADERS, h2.END_HEADERS, 1, b"\xff\x7f"), 9),
    "cut header block": (frame(h2.HEADERS, h2.END_HEADERS, 1, b"\x40\x7f"), 9),
    "huge integer": (frame(h2.HEADERS, h2.END_HEADERS, 1, b"\xff" * 16_000), 9),
    "table larger than allowed": (frame(h2.HEADERS, h2.END_HEADERS, 1, b"\x3f\xe2\x1f"), 9),
    "goaway on a stream": (frame(h2.GOAWAY, 0, 1, bytes(8)), ErrorCode.PROTOCOL_ERROR),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_violations_end_the_connection_with_their_code(
    coordinator: CoordinatorSimulator, peer: RawPeer, name: str
) -> None:
    violation, code = VIOLATIONS[name]
    peer.send(violation)
    assert peer.end() == code


@pytest.mark.parametrize(
    "beginning",
    [h2.PREFACE + frame(h2.PING, payload=bytes(8)), h2.PREFACE[:-1] + b"x", b"GET / HTTP/1.1\r\n"],
)
def test_a_wrong_beginning_ends_the_connection(
    coordinator: CoordinatorSimulator, marble_context: ssl.SSLContext, beginning: bytes
) -> None:
    with RawPeer(coordinator.port, marble_context, greet=False) as peer:
        peer.send(beginning)
        assert peer.end() == ErrorCode.PROTOCOL_ERROR


@pytest.mark.parametrize("late", [headers(1), frame(h2.DATA, 0, 1)])
def test_a_finished_stream_stays_closed(peer: RawPeer, late: bytes) -> None:
    peer.send(call(1))
    assert peer.answer(1)
    peer.send(late)
    assert peer.end() == ErrorCode.STREAM_CLOSED


def test_a_complete_request_cannot_go_on(coordinator: CoordinatorSimulator, peer: RawPeer) -> None:
    coordinator.hang()
    peer.send(call(1), frame(h2.DATA, 0, 1, b"more"))
    assert peer.until(h2.RST_STREAM, 1).code == ErrorCode.STREAM_CLOSED


def test_more_data_than_the_window_is_an_error(marble_context: ssl.SSLContext) -> None:
    with (
        CoordinatorSimulator(limits=MeshLimits(initial_window=1000)) as coordinator,
        RawPeer(coordinator.port, marble_context) as peer,
    ):
        peer.send(headers(1), frame(h2.DATA, 0, 1, h2.message(bytes(1000))))
        assert peer.until(h2.RST_STREAM, 1).code == ErrorCode.FLOW_CONTROL_ERROR


def test_too_many_calls_at_once_are_refused_one_by_one(
    coordinator: CoordinatorSimulator, peer: RawPeer
) -> None:
    coordinator.admit(delay=0.3)
    peer.send(*(call(stream_id) for stream_id in (1, 3, 5, 7, 9)))
    assert peer.until(h2.RST_STREAM, 9).code == ErrorCode.REFUSED_STREAM
    assert all(peer.answer(stream_id) for stream_id in (1, 3, 5, 7))


def test_a_peer_that_says_goodbye_gets_its_answer_first(
    coordinator: CoordinatorSimulator, peer: RawPeer
) -> None:
    coordinator.admit(delay=0.1)
    peer.send(call(1), frame(h2.GOAWAY, payload=bytes(8)))
    assert peer.answer(1)
    assert peer.end() is None


def test_a_call_that_is_given_up_is_carried_through(
    coordinator: CoordinatorSimulator, peer: RawPeer
) -> None:
    coordinator.admit(delay=0.1)
    peer.send(call(1), frame(h2.RST_STREAM, 0, 1, (8).to_bytes(4, "big")))
    peer.send(call(3))
    assert peer.answer(3)
    assert len(coordinator.requests) == 2


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        pytest.param(MeshLimits(idle_timeout=0.1), b"", id="nothing"),
        pytest.param(MeshLimits(request_timeout=0.1), headers(1), id="half a request"),
    ],
)
def test_who_says_nothing_more_is_told_goodbye(
    marble_context: ssl.SSLContext, limits: MeshLimits, said: bytes
) -> None:
    with (
        CoordinatorSimulator(limits=limits) as coordinator,
        RawPeer(coordinator.port, marble_context) as peer,
    ):
        peer.send(said)
        assert peer.end() == ErrorCode.NO_ERROR


def test_who_does_not_take_the_answer_is_cut_off(marble_context: ssl.SSLContext) -> None:
    with CoordinatorSimulator(limits=MeshLimits(answer_timeout=0.1)) as coordinator:
        coordinator.admit(LARGE)
        with RawPeer(coordinator.port, marble_context) as peer:
            peer.send(call())
            start = time.monotonic()
            assert peer.end() is None
            assert time.monotonic() - start < 5


def test_an_old_connection_takes_no_further_call(marble_context: ssl.SSLContext) -> None:
    with (
        CoordinatorSimulator(limits=MeshLimits(max_age=0.1)) as coordinator,
        RawPeer(coordinator.port, marble_context) as peer,
    ):
        peer.send(call(1))
        assert peer.answer(1)
        time.sleep(0.15)
        peer.send(call(3))
        assert peer.end() == ErrorCode.NO_ERROR
    assert len(coordinator.requests) == 1
