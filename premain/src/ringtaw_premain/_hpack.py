"""HPACK, the header compression of HTTP/2 (RFC 7541): the whole decoder, the plainest encoder."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from ringtaw_premain import _huffman
from ringtaw_premain.errors import TransportError

Header = tuple[bytes, bytes]

MAX_TABLE_SIZE: Final = 4096
"""Bytes of the dynamic table: the default of SETTINGS_HEADER_TABLE_SIZE."""

_ENTRY_OVERHEAD: Final = 32  # section 4.1
_MAX_INTEGER_SIZE: Final = 4  # bytes after the prefix; more than any length here needs

# Appendix A: names in order of their index, those with values first.
_WITH_VALUES: Final = (
    (b":authority", b""),
    (b":method", b"GET"),
    (b":method", b"POST"),
    (b":path", b"/"),
    (b":path", b"/index.html"),
    (b":scheme", b"http"),
    (b":scheme", b"https"),
    *((b":status", status) for status in b"200 204 206 304 400 404 500".split()),
    (b"accept-charset", b""),
    (b"accept-encoding", b"gzip, deflate"),
)
_WITHOUT_VALUES: Final = b"""
    accept-language accept-ranges accept access-control-allow-origin age allow authorization
    cache-control content-disposition content-encoding content-language content-length
    content-location content-range content-type cookie date etag expect expires from host if-match
    if-modified-since if-none-match if-range if-unmodified-since last-modified link location
    max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after server
    set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate
""".split()
STATIC_TABLE: Final = (*_WITH_VALUES, *((name, b"") for name in _WITHOUT_VALUES))


def encode(headers: Iterable[Header]) -> bytes:
    """Encode every header as a literal that nobody indexes (section 6.2.2)."""
    return b"".join(
        b"\x00" + _encode_string(name) + _encode_string(value) for name, value in headers
    )


def _encode_string(text: bytes) -> bytes:
    size = len(text)
    if size < 0x7F:
        return bytes((size,)) + text
    prefix, size = bytearray(b"\x7f"), size - 0x7F
    while size > 0x7F:
        prefix.append(0x80 | size & 0x7F)
        size >>= 7
    prefix.append(size)
    return bytes(prefix) + text


class Decoder:
    """Decodes the header blocks of one connection, in the order in which they arrived.

    ``max_list_size`` bounds one decoded header list, counted as SETTINGS_MAX_HEADER_LIST_SIZE is.
    """

    def __init__(self, max_list_size: int) -> None:
        self._max_list_size = max_list_size
        self._dynamic: deque[Header] = deque()
        self._dynamic_size = 0
        self._limit = MAX_TABLE_SIZE

    def decode(self, block: bytes) -> list[Header]:
        """Decode one complete header block.

        Raises:
            TransportError: The block is malformed or too large; the connection is unusable.
        """
        reader = _Reader(block)
        headers: list[Header] = []
        size = 0
        while reader.position < len(block):
            first = block[reader.position]
            if first & 0xE0 == 0x20:
                self._resize(reader.integer(5), allowed=not headers)
                continue
            header = self._field(first, reader)
            headers.append(header)
            size += _size(header)
            if size > self._max_list_size:
                raise TransportError(f"the headers are larger than {self._max_list_size} bytes")
        return headers

    def _field(self, first: int, reader: _Reader) -> Header:
        """Section 6.1 and 6.2: by index, or a literal that is, or is not, to be indexed."""
        if first & 0x80:
            return self._entry(reader.integer(7))
        indexed = bool(first & 0x40)
        index = reader.integer(6 if indexed else 4)
        name = self._entry(index)[0] if index else reader.string()
        header = (name, reader.string())
        if indexed:
            self._insert(header)
        return header

    def _entry(self, index: int) -> Header:
        """Section 2.3.3: the static table comes first, then the dynamic one, newest first."""
        if 0 < index <= len(STATIC_TABLE):
            return STATIC_TABLE[index - 1]
        if 0 < index <= len(STATIC_TABLE) + len(self._dynamic):
            return self._dynamic[index - len(STATIC_TABLE) - 1]
        raise TransportError(f"malformed header: no entry with index {index}")

    def _insert(self, header: Header) -> None:
        self._dynamic.appendleft(header)
        self._dynamic_size += _size(header)
        self._evict()

    def _resize(self, limit: int, *, allowed: bool) -> None:
        """Section 4.2 and 6.3."""
        if limit > MAX_TABLE_SIZE or not allowed:
            raise TransportError("malformed header: unexpected change of the table's size")
        self._limit = limit
        self._evict()

    def _evict(self) -> None:
        while self._dynamic_size > self._limit:
            self._dynamic_size -= _size(self._dynamic.pop())


def _size(header: Header) -> int:
    return len(header[0]) + len(header[1]) + _ENTRY_OVERHEAD


class _Reader:
    """The primitive types of section 5."""

    def __init__(self, block: bytes) -> None:
        self.block = block
        self.position = 0

    def integer(self, prefix_bits: int) -> int:
        limit = (1 << prefix_bits) - 1
        value = self._byte() & limit
        if value < limit:
            return value
        for index in range(_MAX_INTEGER_SIZE):
            byte = self._byte()
            value += (byte & 0x7F) << 7 * index
            if byte < 0x80:
                return value
        raise TransportError("malformed header: a number is too large")

    def string(self) -> bytes:
        huffman = self.position < len(self.block) and bool(self.block[self.position] & 0x80)
        size = self.integer(7)
        end = self.position + size
        if end > len(self.block):
            raise TransportError("malformed header: a string is longer than its block")
        text, self.position = self.block[self.position : end], end
        return _huffman.decode(text) if huffman else text

    def _byte(self) -> int:
        if self.position >= len(self.block):
            raise TransportError("malformed header: it ends too early")
        self.position += 1
        return self.block[self.position - 1]
