"""Reads the head of an HTTP/1.1 request (RFC 9112), strictly: what is doubtful is refused."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

from ringtaw_coordinator.server.limits import ClientLimits

_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110 section 5.6.2
_LINE: Final = re.compile(
    rf"({_TOKEN}) (?:https?://[!-.0->@-~]+)?(/[!-~]*) HTTP/1\.([01])".encode()
)
"""Method, target and minor version (RFC 9112 section 3); a target may name the server."""
_NAME: Final = re.compile(_TOKEN.encode())
_FORBIDDEN: Final = re.compile(rb"[^\t\r\n -~\x80-\xff]|\r(?!\n)|(?<!\r)\n")
"""Control characters (RFC 9110 section 5.5), and halves of a line's end."""
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_READ: Final = frozenset(
    (b"host", b"connection", b"content-length", b"transfer-encoding", b"expect")
)


REPEATED: Final = 512
"""Bytes of the largest head whose meaning is remembered: who polls always sends the same."""
KEPT: Final = 64
"""Such heads, the latest."""


class HeadError(Exception):
    """It is no request of HTTP/1.1, or goes beyond the limits."""


class Head(NamedTuple):
    """What a request says before its body."""

    method: str
    path: str
    """Percent-decoded."""
    query: str
    """As it was sent."""
    length: int | None
    """Bytes of the body; None if it comes in chunks, which tell."""
    keeps_alive: bool
    """Whether the client may send another request."""
    expects_continue: bool
    """Whether the client waits for a word before it sends the body."""


def parse_head(raw: bytes, limits: ClientLimits) -> Head:
    """Read a head, without the empty line at its end.

    Raises:
        HeadError: It does not parse.
    """
    if len(raw) <= REPEATED and b"?" not in raw:
        return _parse_again(raw, limits)
    return _parse(raw, limits)


def _parse(raw: bytes, limits: ClientLimits) -> Head:
    if _FORBIDDEN.search(raw):
        raise HeadError
    line, *lines = raw.removeprefix(b"\r\n").split(b"\r\n")
    matched = _LINE.fullmatch(line)
    if matched is None or len(line) > limits.max_request_line or len(lines) > limits.max_headers:
        raise HeadError
    method, target, minor = matched.groups()
    path, _, query = target.partition(b"#")[0].decode("ascii").partition("?")
    fields = _read_fields(lines, limits.max_header_line)
    is_latest = minor == b"1"
    _check_host(fields, required=is_latest)
    return Head(
        method.decode("ascii"),
        unquote(path) if "%" in path else path,
        query,
        _body_length(fields, may_be_chunked=is_latest),
        is_latest and not _has(fields, b"connection", b"close"),
        is_latest and _has(fields, b"expect", b"100-continue"),
    )


_parse_again: Final = lru_cache(maxsize=KEPT)(_parse)


def _read_fields(lines: list[bytes], max_line: int) -> dict[bytes, bytes]:
    """Return the fields that mean something here.

    A repeated one is a list (RFC 9110 section 5.3), which those that must not be repeated are not.
    """
    fields: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or len(line) > max_line or not _NAME.fullmatch(name):
            raise HeadError
        name = name.lower()
        if name in _READ:
            value = value.strip(b" \t")
            fields[name] = fields[name] + b"," + value if name in fields else value
    return fields


def _check_host(fields: dict[bytes, bytes], *, required: bool) -> None:
    """Require exactly one (RFC 9112 section 3.2); which it is does not matter here."""
    if b"," in fields.get(b"host", b"" if not required else b","):
        raise HeadError


def _body_length(fields: dict[bytes, bytes], *, may_be_chunked: bool) -> int | None:
    """Return how long the body is (RFC 9112 section 6); two ways to say it are one too many."""
    length, coding = fields.get(b"content-length"), fields.get(b"transfer-encoding")
    if coding is not None:
        if not may_be_chunked or length is not None or coding.lower() != b"chunked":
            raise HeadError
        return None
    if length is None:
        return 0
    if not _LENGTH.fullmatch(length):
        raise HeadError
    return int(length)


def _has(fields: dict[bytes, bytes], name: bytes, option: bytes) -> bool:
    """Whether ``option`` is in a list of such."""
    value = fields.get(name)
    return value is not None and option in (each.strip() for each in value.lower().split(b","))
