"""JSON objects (RFC 8259) from outside, read strictly and by type.

Duplicate keys, NaN, numbers with a fraction and anything of another type than asked for are
refused. Keys that nobody asks for are ignored: issuers add some from time to time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, TypeVar

MAX_SIZE: Final = 512 * 1024
ValueT = TypeVar("ValueT")
_TIME_LENGTH: Final = len("2025-06-19T10:56:11Z")


class Record:
    """One object, with typed access to its values. All methods raise ValueError with the path."""

    def __init__(self, values: dict[str, Any], path: str = "") -> None:
        self._values = values
        self._path = path

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def text(self, key: str) -> str:
        """Return a string."""
        return self._typed(key, str)

    def integer(self, key: str, maximum: int) -> int:
        """Return an integer between 0 and the maximum."""
        value = self._typed(key, int)
        if isinstance(value, bool) or not 0 <= value <= maximum:
            raise ValueError(f"{self._path}{key} is not between 0 and {maximum}")
        return value

    def octets(self, key: str, length: int) -> bytes:
        """Return bytes that are written in hex."""
        text = self.text(key)
        if len(text) != 2 * length or not text.isalnum():
            raise ValueError(f"{self._path}{key} is not {length} bytes in hex")
        return bytes.fromhex(text)

    def time(self, key: str) -> datetime:
        """Return a time in UTC that is written as RFC 3339 with seconds and Z."""
        text = self.text(key)
        if len(text) != _TIME_LENGTH or not text.endswith("Z"):
            raise ValueError(f"{self._path}{key} is not a time in UTC")
        return datetime.fromisoformat(text).astimezone(UTC)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; an absent one is empty."""
        values = self._typed(key, list) if key in self._values else []
        if not all(isinstance(value, str) for value in values):
            raise ValueError(f"{self._path}{key} is not a list of strings")
        return tuple(values)

    def record(self, key: str) -> Record:
        """Return an object."""
        return Record(self._typed(key, dict), f"{self._path}{key}.")

    def records(self, key: str) -> Iterator[Record]:
        """Return a list of objects."""
        for number, value in enumerate(self._typed(key, list)):
            if not isinstance(value, dict):
                raise ValueError(f"{self._path}{key}[{number}] is not an object")
            yield Record(value, f"{self._path}{key}[{number}].")

    def _typed(self, key: str, kind: type[ValueT]) -> ValueT:
        value = self._values.get(key)
        if not isinstance(value, kind):
            raise ValueError(f"{self._path}{key} is missing or of another type")
        return value


def parse_object(content: bytes, max_size: int = MAX_SIZE) -> Record:
    """Read one object.

    Raises:
        ValueError: It is not one, or too long.
    """
    if len(content) > max_size:
        raise ValueError(f"longer than {max_size} bytes")
    try:
        value = _DECODER.decode(content.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return Record(value)


def raw_members(content: bytes, max_size: int = MAX_SIZE) -> dict[str, bytes]:
    """Return the members of an object as the bytes they are written in.

    Signatures over inner JSON are over those bytes, which no decoder gives back.

    Raises:
        ValueError: It is not an object, or too long.
    """
    parse_object(content, max_size)
    text = content.decode("utf-8")
    members: dict[str, bytes] = {}
    position = _skip(text, 0) + 1
    while text[_skip(text, position)] != "}":
        key, end = _DECODER.raw_decode(text, _skip(text, position))
        start = _skip(text, _skip(text, end) + 1)
        _, end = _DECODER.raw_decode(text, start)
        members[key] = text[start:end].encode()
        position = _skip(text, end) + (text[_skip(text, end)] == ",")
    return members


def _skip(text: str, position: int) -> int:
    while text[position] in " \t\n\r":
        position += 1
    return position


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("an object has a key twice")
    return values


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"number {text[:20]!r} is not an integer")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse
)
