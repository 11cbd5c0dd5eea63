from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_premain import _huffman
from ringtaw_premain._hpack import MAX_TABLE_SIZE, STATIC_TABLE, Decoder, encode
from ringtaw_premain.errors import TransportError

from tests.premain.properties import checked

LIMIT = 16384

# RFC 7541, appendices C.3 to C.6: blocks of one connection, in hexadecimal.
REQUESTS = (
    "828684410f7777772e6578616d706c652e636f6d",
    "828684be58086e6f2d6361636865",
    "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
)
HUFFMAN_REQUESTS = (
    "828684418cf1e3c2e5f23a6ba0ab90f4ff",
    "828684be5886a8eb10649cbf",
    "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
)
DECODED_REQUESTS = (
    [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")],
    [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "www.example.com"),
        ("cache-control", "no-cache"),
    ],
    [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/index.html"),
        (":authority", "www.example.com"),
        ("custom-key", "custom-value"),
    ],
)


@pytest.mark.parametrize("blocks", [REQUESTS, HUFFMAN_REQUESTS])
def test_the_examples_of_the_standard(blocks: tuple[str, ...]) -> None:
    decoder = Decoder(LIMIT)
    for block, expected in zip(blocks, DECODED_REQUESTS, strict=True):
        found = decoder.decode(bytes.fromhex(block))
        assert [(name.decode(), value.decode()) for name, value in found] == expected


def test_the_static_table_is_that_of_the_standard() -> None:
    assert len(STATIC_TABLE) == 61
    assert STATIC_TABLE[0] == (b":authority", b"")
    assert STATIC_TABLE[15] == (b"accept-encoding", b"gzip, deflate")
    assert STATIC_TABLE[30] == (b"content-type", b"")
    assert STATIC_TABLE[60] == (b"www-authenticate", b"")


def huffman_encode(text: bytes) -> bytes:
    """Encode with the code words that the decoder's table implies."""
    symbols, first_codes, offsets = _huffman._table()
    bits = ""
    for octet in text:
        length = _huffman._LENGTHS[octet]
        code = symbols.index(octet) - offsets[length] + first_codes[length]
        bits += f"{code:0{length}b}"
    bits += "1" * (-len(bits) % 8)
    return int(bits or "0", 2).to_bytes(len(bits) // 8)


@pytest.mark.parametrize(
    ("octet", "code_word"),
    [
        (ord("0"), "00000"),
        (ord("t"), "01001"),
        (ord(" "), "010100"),
        (ord("&"), "11111000"),
        (ord("X"), "11111100"),
        (0, "1111111111000"),
        (249, "1111111111111111111111111110"),
        (22, "111111111111111111111111111110"),
    ],
)
def test_code_words_of_the_standard(octet: int, code_word: str) -> None:
    bits = code_word + "1" * (-len(code_word) % 8)
    assert _huffman.decode(int(bits, 2).to_bytes(len(bits) // 8)) == bytes([octet])


@checked()
@given(st.binary(max_size=300))
def test_huffman_round_trip(text: bytes) -> None:
    assert _huffman.decode(huffman_encode(text)) == text


@pytest.mark.parametrize("code", ["ff", "00", "07ff", "ffffffff", "fffffffc07", "f8ff"])
def test_wrong_padding_and_end_of_string_are_refused(code: str) -> None:
    with pytest.raises(TransportError, match="Huffman"):
        _huffman.decode(bytes.fromhex(code))


@checked()
@given(st.lists(st.tuples(st.binary(max_size=300), st.binary(max_size=300)), max_size=8))
def test_what_is_encoded_is_decoded(headers: list[tuple[bytes, bytes]]) -> None:
    assert Decoder(LIMIT).decode(encode(headers)) == headers


def literal(name: bytes, value: bytes) -> bytes:
    """A literal that is to be indexed, with strings below 127 bytes."""
    return b"\x40" + bytes([len(name)]) + name + bytes([len(value)]) + value


def test_the_dynamic_table_evicts_the_oldest() -> None:
    decoder = Decoder(1 << 20)
    size = 32 + 2 + 94
    entries = MAX_TABLE_SIZE // size
    for number in range(entries + 1):
        decoder.decode(literal(b"%02d" % number, bytes(94)))
    newest = decoder.decode(bytes([0x80 | 62]))
    oldest = decoder.decode(bytes([0x80 | 61 + entries]))
    assert (newest[0][0], oldest[0][0]) == (b"%02d" % entries, b"01")
    with pytest.raises(TransportError, match="no entry with index"):
        decoder.decode(bytes([0x80 | 62 + entries]))


def test_the_table_can_be_emptied_and_an_entry_can_be_too_large_for_it() -> None:
    decoder = Decoder(LIMIT)
    decoder.decode(literal(b"name", b"value"))
    assert decoder.decode(b"\x20\x3f\x02" + literal(b"name", b"value")) == [(b"name", b"value")]
    with pytest.raises(TransportError, match="no entry with index"):
        decoder.decode(b"\xbe")


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        (b"\x80", "no entry with index 0"),
        (b"\xff\x80", "ends too early"),
        (b"\xff\xff\xff\xff\xff\x0f", "number is too large"),
        (b"\x00\x05abc", "longer than its block"),
        (b"\x00", "ends too early"),
        (b"\x00\x01a", "ends too early"),
        (b"\x3f\xe2\x1f", "unexpected change of the table's size"),
        (b"\x82\x20", "unexpected change of the table's size"),
    ],
)
def test_malformed_blocks_are_refused(block: bytes, problem: str) -> None:
    with pytest.raises(TransportError, match=problem):
        Decoder(LIMIT).decode(block)


def test_a_small_block_cannot_become_a_large_list() -> None:
    decoder = Decoder(LIMIT)
    decoder.decode(literal(b"n" * 100, b"v" * 120))
    with pytest.raises(TransportError, match="larger than 16384 bytes"):
        decoder.decode(b"\xbe" * LIMIT)


@checked(1000)
@given(st.lists(st.binary(max_size=60), max_size=4))
def test_arbitrary_blocks_end_in_headers_or_one_error(blocks: list[bytes]) -> None:
    decoder = Decoder(LIMIT)
    try:
        for block in blocks:
            decoder.decode(block)
    except TransportError:
        pass


def test_the_largest_block_is_decoded_quickly() -> None:
    text = bytes(10000)  # 16,000 symbols of 5 bits each
    size = len(text) - 127
    started = time.process_time()
    with pytest.raises(TransportError, match="larger than"):
        Decoder(1000).decode(b"\x00\x00\xff" + bytes([0x80 | size & 0x7F, size >> 7]) + text)
    assert time.process_time() - started < 1
