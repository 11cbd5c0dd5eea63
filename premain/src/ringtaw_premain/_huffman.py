"""The Huffman code of HPACK (RFC 7541 section 5.2 and appendix B).

The code is canonical: code words of one length are consecutive numbers in the order of their
symbols, so the lengths alone define it.
"""

from __future__ import annotations

from functools import cache
from itertools import accumulate
from typing import Final

from ringtaw_premain.errors import TransportError

# fmt: off
_LENGTHS: Final = bytes((
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
))
"""Bits of each octet's code word; the end-of-string symbol, 30 ones, may not occur."""
# fmt: on
_LONGEST: Final = 30
_MAX_PADDING: Final = 7


def decode(data: bytes) -> bytes:
    """Decode a string.

    Raises:
        TransportError: There is an end-of-string symbol, or the padding is not up to 7 ones.
    """
    symbols, first_codes, offsets = _table()
    decoded = bytearray()
    code = length = 0
    for bit in bin(int.from_bytes(b"\1" + data))[3:]:
        code, length = code << 1 | (bit == "1"), length + 1
        index = code - first_codes[length] + offsets[length]
        if index < offsets[length + 1]:
            decoded.append(symbols[index])
            code = length = 0
        elif length == _LONGEST:
            raise TransportError("malformed header: end-of-string symbol in a Huffman code")
    if length > _MAX_PADDING or code != (1 << length) - 1:
        raise TransportError("malformed header: wrong padding of a Huffman code")
    return bytes(decoded)


@cache
def _table() -> tuple[list[int], list[int], list[int]]:
    """Return symbols by code, the first code of each length, and where its symbols begin."""
    symbols = sorted(range(256), key=lambda symbol: (_LENGTHS[symbol], symbol))
    counts = [_LENGTHS.count(length) for length in range(_LONGEST + 1)]
    offsets = [0, *accumulate(counts)]
    first_codes = list(accumulate(counts, lambda code, count: (code + count) << 1, initial=0))
    return symbols, first_codes, offsets
