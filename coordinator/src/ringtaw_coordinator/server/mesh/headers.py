"""Header blocks: HPACK (RFC 7541) both ways and the rules of HTTP/2 for requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hpack import Decoder, HPACKError, OversizedHeaderListError

from ringtaw_coordinator.server.mesh.frames import ConnectionFault, ErrorCode

TABLE_SIZE_ZERO: Final = b"\x20"
"""Dynamic table size update to 0: this server's encoder never uses the table."""
MAX_DIGITS: Final = 15
_PSEUDO: Final = frozenset({":method", ":scheme", ":path", ":authority"})
_REQUIRED: Final = frozenset({":method", ":scheme", ":path"})
_CONNECTION_SPECIFIC: Final = frozenset(
    {"connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"}
)
_FORBIDDEN: Final = frozenset("\0\r\n")


class MalformedError(Exception):
    """The request breaks the rules of RFC 9113 section 8; its stream is to be reset."""


class HeaderDecoder:
    """Decompresses the header blocks of one connection, in order."""

    def __init__(self, max_size: int) -> None:
        self._decoder = Decoder(max_header_list_size=max_size)

    def decode(self, block: bytes) -> list[tuple[str, str]]:
        """Return the fields.

        Raises:
            ConnectionFault: The block does not parse or is too large; the state is lost.
        """
        try:
            fields = self._decoder.decode(block, raw=True)
        except OversizedHeaderListError:
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "header list too large") from None
        except HPACKError:
            raise ConnectionFault(ErrorCode.COMPRESSION_ERROR, "bad header block") from None
        return [(bytes(n).decode("latin-1"), bytes(v).decode("latin-1")) for n, v in fields]


def check_request(fields: list[tuple[str, str]]) -> dict[str, str]:
    """Return the fields of a request by name; of a repeated one the last.

    Raises:
        MalformedError: RFC 9113 sections 8.2 and 8.3 are broken.
    """
    pseudo_end = sum(name.startswith(":") for name, _ in fields)
    pseudo = [name for name, _ in fields[:pseudo_end]]
    if len(set(pseudo)) != len(pseudo) or not _REQUIRED <= set(pseudo) <= _PSEUDO:
        raise MalformedError
    check_regular(fields[pseudo_end:])
    headers = dict(fields)
    if not headers[":path"].startswith("/"):
        raise MalformedError
    return headers


def content_length(headers: Mapping[str, str]) -> int | None:
    """Return how long the request says its body is.

    Raises:
        MalformedError: That is no number.
    """
    text = headers.get("content-length")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise MalformedError
    return int(text)


def check_regular(fields: list[tuple[str, str]]) -> None:
    """Check fields that are not pseudo-headers, which may also be trailers.

    Raises:
        MalformedError: A name is not allowed.
    """
    for name, value in fields:
        if not name or name.startswith(":") or name != name.lower():
            raise MalformedError
        if name in _CONNECTION_SPECIFIC or (name == "te" and value != "trailers"):
            raise MalformedError
        if not _FORBIDDEN.isdisjoint(value):
            raise MalformedError


def encode(fields: list[tuple[str, str]]) -> bytes:
    """Return a header block of plain literals that are not indexed (RFC 7541 section 6.2.2)."""
    return b"".join(
        b"\x00" + _string(name.encode("ascii")) + _string(value.encode("ascii"))
        for name, value in fields
    )


def _string(text: bytes) -> bytes:
    """Encode a string literal without Huffman coding (RFC 7541 section 5.2)."""
    length = len(text)
    if length < 127:
        return bytes((length,)) + text
    prefix, rest = b"\x7f", length - 127
    while rest >= 128:
        prefix += bytes((rest % 128 + 128,))
        rest //= 128
    return prefix + bytes((rest,)) + text
