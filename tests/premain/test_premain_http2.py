"""The HTTP/2 and gRPC client against servers that behave oddly, wrongly, or with ill intent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_premain import _grpc
from ringtaw_premain._frames import (
    ACK,
    END_HEADERS,
    END_STREAM,
    MAX_WINDOW,
    PADDED,
    PRIORITY_FIELDS,
    FrameType,
    Setting,
    decode_settings,
    encode_frame,
    encode_settings,
    encode_window_update,
)
from ringtaw_premain._hpack import Decoder, encode
from ringtaw_premain.errors import RefusedError, TransportError, UnreachableError

from tests.premain.http2_conversation import (
    OK_HEADERS,
    OK_TRAILERS,
    SETTINGS,
    Playback,
    answer,
    data,
    data_frames,
    grpc_message,
    headers,
    trailers,
)
from tests.premain.properties import checked

METHOD = "/rpc.Marble/Activate"
MESSAGE = b"the answer"
PING = encode_frame(FrameType.PING, 0, 0, b"12345678")
BEGUN = SETTINGS + headers(OK_HEADERS)
GO_AWAY_UNPROCESSED = encode_frame(FrameType.GOAWAY, 0, 0, bytes(8))
GO_AWAY_PROCESSED = encode_frame(FrameType.GOAWAY, 0, 0, (1).to_bytes(4) + bytes(4))


def call(incoming: bytes, message: bytes = b"request", chunk: int = 1 << 20) -> bytes:
    return call_on(Playback(incoming, chunk), message)


def call_on(channel: Playback, message: bytes = b"request") -> bytes:
    return _grpc.call(channel, "coordinator:2001", METHOD, message, 60)


def test_the_request_is_what_grpc_prescribes() -> None:
    channel = Playback(answer(MESSAGE))
    assert call_on(channel) == MESSAGE
    preface, window, request, body, acknowledgement = channel.sent_frames()
    assert dict(decode_settings(preface.payload)) == {
        Setting.ENABLE_PUSH: 0,
        Setting.INITIAL_WINDOW_SIZE: _grpc.MAX_MESSAGE + 6,
        Setting.MAX_HEADER_LIST_SIZE: 16384,
    }
    assert (window.stream, int.from_bytes(window.payload)) == (0, _grpc.MAX_MESSAGE + 6 - 65535)
    assert (request.flags, request.stream) == (END_HEADERS, 1)
    fields = dict(Decoder(16384).decode(request.payload))
    assert fields.pop(b"user-agent").startswith(b"ringtaw-premain/")
    assert fields == {
        b":method": b"POST",
        b":scheme": b"https",
        b":path": METHOD.encode(),
        b":authority": b"coordinator:2001",
        b"te": b"trailers",
        b"content-type": b"application/grpc",
        b"grpc-timeout": b"60000m",
    }
    assert (body.flags, body.stream, body.payload) == (END_STREAM, 1, grpc_message(b"request"))
    assert (acknowledgement.type, acknowledgement.flags) == (FrameType.SETTINGS, ACK)


@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_bytes_may_arrive_in_any_pieces(chunk: int) -> None:
    assert call(answer(MESSAGE * 1000), chunk=chunk) == MESSAGE * 1000


def test_the_largest_answer_fits_and_one_byte_more_does_not() -> None:
    largest = bytes(_grpc.MAX_MESSAGE)
    assert call(answer(largest)) == largest
    with pytest.raises(TransportError, match="larger than 4194309 bytes"):
        call(answer(largest + b"\0"))


@pytest.mark.parametrize(
    "odd_but_right",
    [
        SETTINGS + headers([(b":status", b"103"), (b"link", b"x")]) + BEGUN[len(SETTINGS) :],
        BEGUN + PING,
        BEGUN + encode_frame(FrameType.PING, ACK, 0, bytes(8)),
        BEGUN + encode_frame(FrameType.PRIORITY, 0, 3, bytes(5)),
        BEGUN + b"\0\0\1\xff\xff\0\0\0\1x",
        BEGUN + GO_AWAY_PROCESSED,
        BEGUN + SETTINGS,
        BEGUN + data(b""),
        BEGUN + encode_window_update(0, MAX_WINDOW - 65535),
        SETTINGS
        + encode_frame(FrameType.HEADERS, 0, 1, encode(OK_HEADERS)[:7])
        + encode_frame(FrameType.CONTINUATION, 0, 1, b"")
        + encode_frame(FrameType.CONTINUATION, END_HEADERS, 1, encode(OK_HEADERS)[7:]),
        SETTINGS
        + encode_frame(
            FrameType.HEADERS,
            END_HEADERS | PADDED | PRIORITY_FIELDS,
            1,
            b"\2" + bytes(5) + encode(OK_HEADERS) + bytes(2),
        ),
    ],
)
def test_all_that_the_protocol_allows_is_taken(odd_but_right: bytes) -> None:
    rest = data_frames(grpc_message(MESSAGE)) + trailers(OK_TRAILERS)
    assert call(odd_but_right + rest) == MESSAGE


def test_a_ping_is_answered_with_its_own_bytes() -> None:
    channel = Playback(SETTINGS + PING + answer(MESSAGE)[len(SETTINGS) :])
    assert call_on(channel) == MESSAGE
    answers = [frame for frame in channel.sent_frames() if frame.type == FrameType.PING]
    assert [(frame.flags, frame.payload) for frame in answers] == [(ACK, b"12345678")]


def test_padding_is_removed_and_given_back_to_the_window() -> None:
    body = grpc_message(MESSAGE)
    padded = data(bytes([200]) + body[:4] + bytes(200), PADDED) + data(body[4:])
    channel = Playback(BEGUN + padded + trailers(OK_TRAILERS))
    assert call_on(channel) == MESSAGE
    updates = [f for f in channel.sent_frames() if f.type == FrameType.WINDOW_UPDATE][1:]
    assert [(f.stream, int.from_bytes(f.payload)) for f in updates] == [(0, 201), (1, 201)]


def sent_body(channel: Playback) -> bytes:
    return b"".join(f.payload for f in channel.sent_frames() if f.type == FrameType.DATA)


def test_a_large_request_waits_for_the_servers_windows() -> None:
    request = bytes(range(256)) * 1000
    whole = grpc_message(request)
    first = Playback(SETTINGS)
    with pytest.raises(UnreachableError):
        call_on(first, request)
    assert sent_body(first) == whole[:65535]
    opened = SETTINGS + encode_window_update(0, 1 << 20) + encode_window_update(1, 100_000)
    second = Playback(opened)
    with pytest.raises(UnreachableError):
        call_on(second, request)
    assert sent_body(second) == whole[: 65535 + 100_000]
    third = Playback(opened + encode_window_update(1, 1 << 20) + answer(MESSAGE)[len(SETTINGS) :])
    assert call_on(third, request) == MESSAGE
    assert sent_body(third) == whole
    assert all(len(frame.payload) <= 16384 for frame in third.sent_frames())


def test_a_smaller_initial_window_makes_the_streams_window_negative() -> None:
    request = bytes(100_000)
    smaller = encode_settings({Setting.INITIAL_WINDOW_SIZE: 0}) + encode_window_update(0, 1 << 20)
    channel = Playback(smaller + encode_window_update(1, 65535))
    with pytest.raises(UnreachableError):
        call_on(channel, request)
    assert len(sent_body(channel)) == 65535
    channel = Playback(smaller + encode_window_update(1, 65535 + 10))
    with pytest.raises(UnreachableError):
        call_on(channel, request)
    assert len(sent_body(channel)) == 65535 + 10


@pytest.mark.parametrize(
    ("incoming", "problem"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no HTTP/2, or beyond its limits"),
        (b"\0\0\0\6\0\0\0\0\0", "does not begin with SETTINGS"),
        (encode_frame(FrameType.SETTINGS, ACK, 0), "does not begin with SETTINGS"),
        (b"\xff\xff\xff\4\0\0\0\0\0", "no HTTP/2, or beyond its limits"),
        (encode_frame(FrameType.SETTINGS, 0, 0, bytes(5)), "SETTINGS of a wrong size"),
        (encode_frame(FrameType.SETTINGS, 0, 1), "SETTINGS on stream 1"),
        (encode_settings({Setting.INITIAL_WINDOW_SIZE: 1 << 31}), "window grew too large"),
        (SETTINGS + encode_window_update(0, MAX_WINDOW), "window grew too large"),
        (SETTINGS + encode_window_update(1, MAX_WINDOW), "window grew too large"),
        (SETTINGS + encode_window_update(0, 0), "WINDOW_UPDATE by nothing"),
        (SETTINGS + encode_window_update(3, 1), "WINDOW_UPDATE on stream 3"),
        (SETTINGS + encode_frame(FrameType.WINDOW_UPDATE, 0, 0, b"1"), "of a wrong size"),
        (SETTINGS + encode_frame(FrameType.PING, 0, 0, b"1"), "PING of a wrong size"),
        (SETTINGS + encode_frame(FrameType.PING, 0, 1, bytes(8)), "PING on stream 1"),
        (SETTINGS + encode_frame(FrameType.GOAWAY, 0, 0, bytes(7)), "GOAWAY of a wrong size"),
        (SETTINGS + encode_frame(FrameType.RST_STREAM, 0, 1, bytes(3)), "of a wrong size"),
        (SETTINGS + encode_frame(FrameType.RST_STREAM, 0, 3, bytes(4)), "on stream 3"),
        (SETTINGS + encode_frame(FrameType.PUSH_PROMISE, 4, 1, bytes(4)), "unexpected PUSH"),
        (SETTINGS + encode_frame(FrameType.CONTINUATION, 4, 1), "unexpected CONTINUATION"),
        (SETTINGS + data(b"x"), "DATA before HEADERS"),
        (BEGUN + data(b"x", stream=3), "DATA on stream 3"),
        (BEGUN + data(b"", PADDED), "padded frame without padding"),
        (BEGUN + data(b"\2x", PADDED), "more padding than payload"),
        (BEGUN + headers(OK_HEADERS), "HEADERS in the middle"),
        (SETTINGS + headers(OK_HEADERS, stream=3), "HEADERS on stream 3"),
        (SETTINGS + headers(OK_TRAILERS), "HEADERS without a status"),
        (SETTINGS + headers([(b":status", b"2x0")]), "HEADERS without a status"),
        (SETTINGS + encode_frame(FrameType.HEADERS, 0x24, 1, b"x"), "HEADERS too short"),
        (SETTINGS + encode_frame(FrameType.HEADERS, 0, 1) + PING, "without their CONTINUATION"),
        (SETTINGS + encode_frame(FrameType.HEADERS, 4, 1, b"\xff"), "malformed header"),
        (
            SETTINGS
            + encode_frame(FrameType.HEADERS, 0, 1, bytes(9000))
            + encode_frame(FrameType.CONTINUATION, 0, 1, bytes(9000)),
            "headers are larger",
        ),
        (BEGUN + data(b"", END_STREAM), "HTTP status 200 without a gRPC status"),
        (BEGUN + trailers([]), "without a gRPC status"),
        (SETTINGS + trailers([(b":status", b"404")]), "HTTP status 404 without a gRPC status"),
        (BEGUN + trailers(OK_TRAILERS), "not exactly one message"),
        (BEGUN + data(b"\0\0\0\0\5abcd") + trailers(OK_TRAILERS), "not exactly one message"),
        (BEGUN + data(grpc_message(b"") * 2) + trailers(OK_TRAILERS), "not exactly one message"),
        (BEGUN + data(b"\1\0\0\0\0") + trailers(OK_TRAILERS), "compressed"),
    ],
)
def test_what_breaks_the_protocol_is_one_error(incoming: bytes, problem: str) -> None:
    with pytest.raises(TransportError, match=problem) as caught:
        call(incoming)
    assert not isinstance(caught.value, UnreachableError)


@pytest.mark.parametrize(
    "incoming",
    [
        b"",
        SETTINGS,
        BEGUN + data(b"\0\0"),
        SETTINGS + GO_AWAY_UNPROCESSED,
        SETTINGS + encode_frame(FrameType.RST_STREAM, 0, 1, (7).to_bytes(4)),
        SETTINGS + trailers([(b":status", b"503")]),
        SETTINGS + trailers([(b":status", b"200"), (b"grpc-status", b"14")]),
    ],
)
def test_what_may_go_better_next_time(incoming: bytes) -> None:
    with pytest.raises(UnreachableError):
        call(incoming)


@pytest.mark.parametrize(
    ("code", "name"),
    [(2, "INTERNAL_ERROR"), (8, "CANCEL"), (11, "ENHANCE_YOUR_CALM"), (99, "error 99")],
)
def test_a_reset_names_its_reason(code: int, name: str) -> None:
    reset = encode_frame(FrameType.RST_STREAM, 0, 1, code.to_bytes(4))
    with pytest.raises(TransportError, match=f"broke off the call: {name}"):
        call(SETTINGS + reset)


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (b"7", b"marble verification failed: bad quote", "PERMISSION_DENIED: marble verification"),
        (b"3", b"100%25 %C3%BCber, %zz %4", "INVALID_ARGUMENT: 100% über, %zz %4"),
        (b"13", b"%FF", "INTERNAL: �"),
        (b"16", b"", "UNAUTHENTICATED: "),
        (b"17", b"", "status b'17': "),
        (b"999", b"", "status b'999': "),
        (b"-1", b"", "status b'-1': "),
        (b"", b"", "status b'': "),
    ],
)
@pytest.mark.parametrize("trailers_only", [True, False])
def test_every_other_status_is_a_refusal(
    status: bytes, message: bytes, error: str, trailers_only: bool
) -> None:
    fields = [(b"grpc-status", status), (b"grpc-message", message)]
    response = (
        trailers([*OK_HEADERS, *fields])
        if trailers_only
        else headers(OK_HEADERS) + trailers(fields)
    )
    with pytest.raises(RefusedError) as caught:
        call(SETTINGS + response)
    assert error in str(caught.value)


WHOLE = answer(MESSAGE)


def test_every_truncation_is_unreachable() -> None:
    for size in range(len(WHOLE)):
        with pytest.raises(UnreachableError):
            call(WHOLE[:size])


def test_every_flipped_bit_ends_in_a_value_or_one_error() -> None:
    for position in range(len(WHOLE) * 8):
        flipped = bytearray(WHOLE)
        flipped[position // 8] ^= 1 << position % 8
        ends_in_a_value_or_one_error(bytes(flipped))


@checked(300)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from([PING, BEGUN, headers(OK_HEADERS), data(b"x"), trailers(OK_TRAILERS)]),
            st.builds(
                lambda kind, flags, stream, payload: encode_frame(kind, flags, stream, payload),
                st.sampled_from(FrameType),
                st.integers(0, 255),
                st.integers(0, 2),
                st.binary(max_size=40),
            ),
        ),
        max_size=6,
    )
)
def test_arbitrary_frames_end_in_a_value_or_one_error(parts: list[bytes]) -> None:
    ends_in_a_value_or_one_error(SETTINGS + b"".join(parts))


def ends_in_a_value_or_one_error(incoming: bytes) -> None:
    try:
        found = call(incoming)
    except (TransportError, RefusedError):
        return
    assert isinstance(found, bytes)
