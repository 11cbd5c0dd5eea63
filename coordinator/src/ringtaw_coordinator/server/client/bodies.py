"""Reads the bodies of requests as they arrive, within limits (RFC 9112 sections 6 and 7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol

from ringtaw_coordinator.server.budget import Budget
from ringtaw_coordinator.server.client.endpoint import RequestError

MAX_CHUNK_LINE: Final = 256
"""Bytes of the line before a chunk; what it says beyond the size is ignored."""
MAX_TRAILERS: Final = 16
"""Lines after the last chunk, which are ignored."""
_CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[\t -~\x80-\xff]*)?")


class Framing(Protocol):
    """Tells where a body ends."""

    is_complete: bool

    def take(self, received: bytearray) -> bytes:
        """Cut off ``received`` what belongs to the body; return the content.

        Raises:
            RequestError: It does not parse.
        """
        ...


def framing(length: int | None) -> Framing:
    """Return that of a body of known length, or in chunks."""
    if length == 0:
        return _NOTHING
    return _Chunked() if length is None else _Sized(length)


class _Sized:
    """So many bytes."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.is_complete = not length

    def take(self, received: bytearray) -> bytes:
        """See :class:`Framing`."""
        content = _cut(received, self._left)
        self._left -= len(content)
        self.is_complete = not self._left
        return content


_NOTHING: Final = _Sized(0)


class _Chunked:
    """Chunks, each after a line with its size, up to an empty one; then lines that are ignored."""

    def __init__(self) -> None:
        self.is_complete = False
        self._left = 0
        self._trailers = 0
        self._read_line: Callable[[bytes], None] = self._read_size

    def take(self, received: bytearray) -> bytes:
        """See :class:`Framing`."""
        content: list[bytes] = []
        while received and not self.is_complete:
            if self._left:
                content.append(_cut(received, self._left))
                self._left -= len(content[-1])
            elif (line := _cut_line(received)) is not None:
                self._read_line(line)
            else:
                break
        return b"".join(content)

    def _read_size(self, line: bytes) -> None:
        matched = _CHUNK_LINE.fullmatch(line)
        if matched is None:
            raise _unparsed()
        self._left = int(matched[1], 16)
        self._read_line = self._read_end if self._left else self._read_trailer

    def _read_end(self, line: bytes) -> None:
        """Read what follows the content of a chunk: nothing but the end of the line."""
        if line:
            raise _unparsed()
        self._read_line = self._read_size

    def _read_trailer(self, line: bytes) -> None:
        self._trailers += 1
        if self._trailers > MAX_TRAILERS:
            raise _unparsed()
        self.is_complete = not line


def _cut(received: bytearray, size: int) -> bytes:
    content = bytes(received[:size])
    del received[:size]
    return content


def _cut_line(received: bytearray) -> bytes | None:
    """Return the next line without its end, None if it is not there yet."""
    end = received.find(b"\r\n", 0, MAX_CHUNK_LINE + 2)
    if end < 0:
        if len(received) > MAX_CHUNK_LINE:
            raise _unparsed()
        return None
    line = bytes(received[:end])
    del received[: end + 2]
    return line


def _unparsed() -> RequestError:
    return RequestError(400, "the body does not parse")


class Body:
    """A body with its share of a budget."""

    def __init__(self, budget: Budget, limit: int) -> None:
        self.size = 0
        self._budget = budget
        self._limit = limit
        self._reserved = 0
        self._chunks: list[bytes] = []

    def announce(self, length: int | None) -> None:
        """Learn how long it will be, if that is known.

        Raises:
            RequestError: That is too long.
        """
        if (length or 0) > self._limit:
            raise RequestError(413, f"the body is larger than {self._limit} bytes")

    def grow(self, chunk: bytes) -> None:
        """Append ``chunk``.

        Raises:
            RequestError: It is too long now, or there is no room.
        """
        self.announce(self.size + len(chunk))
        if not self._budget.reserve(len(chunk)):
            raise RequestError(503, "the Coordinator is busy; try again later")
        self._reserved += len(chunk)
        self.size += len(chunk)
        self._chunks.append(chunk)

    def take(self) -> bytes:
        """Return the content, and keep none of it."""
        content = b"".join(self._chunks)
        self._chunks.clear()
        return content

    def release(self) -> None:
        """Give the share of the budget back."""
        if self._reserved:
            self._chunks.clear()
            self._budget.release(self._reserved)
            self._reserved = 0
