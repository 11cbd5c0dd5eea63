"""The part of HTTP/2 that needs no network, on random input."""

from __future__ import annotations

import hpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_coordinator.server.budget import Budget
from ringtaw_coordinator.server.errors import GrpcCode
from ringtaw_coordinator.server.limits import MeshLimits
from ringtaw_coordinator.server.mesh import rpc
from ringtaw_coordinator.server.mesh.events import Data, Event, EventReader, Headers
from ringtaw_coordinator.server.mesh.frames import ConnectionFault
from ringtaw_coordinator.server.mesh.headers import encode
from ringtaw_coordinator.server.mesh.stream import Refusal

from tests.support import raw_http2 as h2

GREETING = h2.PREFACE + h2.settings()
FRAMES = st.lists(
    st.builds(
        h2.frame,
        st.integers(0, 11),
        st.integers(0, 255),
        st.integers(0, 7),
        st.binary(max_size=40) | st.just(h2.block()),
    ),
    max_size=12,
).map(b"".join)


def read(data: bytes, *chunks: int) -> tuple[list[Event], bool]:
    """Feed ``data`` in pieces; return the events, and whether the connection had to end."""
    reader = EventReader(MeshLimits())
    events: list[Event] = []
    ends = sorted({min(end, len(data)) for end in chunks} | {len(data)})
    start = 0
    try:
        for end in ends:
            for event in reader.feed(data[start:end]):
                events.append(event)
            start = end
    except ConnectionFault:
        return events, True
    return events, False


def decoded(block: bytes) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in hpack.Decoder().decode(block)]


@given(st.binary(max_size=300))
def test_anything_else_than_http2_is_a_fault_of_the_connection(data: bytes) -> None:
    read(data)
    read(h2.PREFACE + data)
    read(GREETING + data)


@given(FRAMES, st.lists(st.integers(0, 1000), max_size=5))
def test_frames_mean_the_same_however_they_are_cut(data: bytes, chunks: list[int]) -> None:
    assert read(GREETING + data, *chunks) == read(GREETING + data)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_any_header_block_is_decoded_or_refused(first: bytes, second: bytes) -> None:
    data = b"".join(
        h2.frame(h2.HEADERS, h2.END_HEADERS, n, b) for n, b in ((1, first), (3, second))
    )
    read(GREETING + data)


@given(st.binary(max_size=300), st.integers(0, 255))
def test_padding_is_taken_off_but_counted(content: bytes, padding: int) -> None:
    payload = bytes((padding,)) + content + bytes(padding)
    (_, event), _ = read(GREETING + h2.frame(h2.DATA, h2.PADDED | h2.END_STREAM, 1, payload))
    assert event == Data(1, content, len(payload), True)


@given(
    st.lists(
        st.tuples(
            st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=300),
            st.text("".join(map(chr, range(32, 127))), max_size=300),
        ),
        max_size=5,
    )
)
def test_what_is_encoded_here_others_decode(fields: list[tuple[str, str]]) -> None:
    assert decoded(encode(fields)) == fields
    (_, event), _ = read(GREETING + h2.frame(h2.HEADERS, h2.END_HEADERS, 1, encode(fields)))
    assert event == Headers(1, fields, False)


@given(st.text(max_size=3000))
def test_any_status_text_can_be_sent(text: str) -> None:
    reply = rpc.failure(GrpcCode.INTERNAL, text.encode(errors="replace").decode())
    assert ("grpc-status", "13") in decoded(reply.headers)
    assert len(reply.headers) < 8192


@given(st.binary(max_size=200), st.lists(st.integers(0, 210), max_size=4))
def test_messages_are_read_however_they_are_cut(content: bytes, cuts: list[int]) -> None:
    framed = h2.message(content)
    reader = rpc.MessageReader(200)
    start = 0
    for end in [*sorted(cuts), len(framed)]:
        reader.feed(framed[start:end])
        start = max(start, end)
    assert reader.message() == content


def test_a_message_that_is_too_large_is_refused_at_its_first_bytes() -> None:
    reader = rpc.MessageReader(200)
    with pytest.raises(Refusal):
        reader.feed(b"\x00\x00\x00\x00\xc9")


def test_a_budget_is_not_overdrawn() -> None:
    budget = Budget(10)
    assert budget.reserve(10)
    assert not budget.reserve(1)
    budget.release(4)
    assert budget.reserve(4)
