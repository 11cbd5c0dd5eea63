"""JSON of a stranger: bounded before it is parsed, typed when it is read.

A value of the wrong type, a missing member or a name that appears twice is a :class:`FormatError`
that says where. Members that are not asked for do not matter: newer Coordinators may send more.
"""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Any, Final, TypeVar

from ringtaw_client._text import is_control, printable

MAX_VALUES: Final = 500_000
"""Values in an answer, strings' contents counted too: parsed JSON is larger than its text."""
MAX_NAME: Final = 1024
_SEPARATORS: Final = (b",", b"[", b"{")

ValueT = TypeVar("ValueT")
Detail = str | int | float | bool | tuple[str, ...]


class FormatError(ValueError):
    """The text is not what was expected."""


class Record:
    """A JSON object whose members are read by type. It does not show them: some are secret."""

    def __init__(self, values: dict[str, Any], path: str = "") -> None:
        self._values = values
        self._path = path

    def has(self, key: str) -> bool:
        """Whether a member is there and not null."""
        return self._values.get(key) is not None

    def is_object(self, key: str) -> bool:
        """Whether a member is an object."""
        return isinstance(self._values.get(key), dict)

    def message(self, key: str) -> str:
        """Return a text for people, with nothing in it that changes a terminal; "" if absent."""
        return printable(self._typed(key, str)) if self.has(key) else ""

    def text(self, key: str) -> str:
        """Return a string."""
        return self._typed(key, str)

    def name(self, key: str) -> str:
        """Return a string that is short and has no control characters."""
        return _checked_name(self._typed(key, str), f"{self._path}{key}")

    def integer(self, key: str, maximum: int = 2**63 - 1) -> int:
        """Return an integer from 0 on."""
        value = self._typed(key, int)
        if isinstance(value, bool) or not 0 <= value <= maximum:
            raise FormatError(f"{self._path}{key} is not an integer from 0 to {maximum}")
        return value

    def boolean(self, key: str) -> bool:
        """Return a boolean; an absent one is false."""
        return self._typed(key, bool) if self.has(key) else False

    def octets(self, key: str) -> bytes:
        """Return bytes from standard padded base64; absent ones are empty."""
        return decode_base64(self._typed(key, str), f"{self._path}{key}") if self.has(key) else b""

    def record(self, key: str) -> Record:
        """Return an object."""
        return Record(self._typed(key, dict), f"{self._path}{key}.")

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; an absent one is empty."""
        values = self._typed(key, list) if self.has(key) else []
        if not all(isinstance(value, str) for value in values):
            raise FormatError(f"{self._path}{key} is not a list of strings")
        return tuple(values)

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of strings that are short and have no control characters."""
        return tuple(_checked_name(one, f"{self._path}{key}") for one in self.texts(key))

    def octets_by_name(self, key: str) -> dict[str, bytes]:
        """Return an object of base64 strings; an absent one is empty."""
        record = self.record(key) if self.has(key) else Record({})
        return {name: record.octets(name) for name in record.member_names()}

    def records(self, key: str) -> Iterator[tuple[str, Record]]:
        """Return an object of objects, by name; an absent one is empty."""
        record = self.record(key) if self.has(key) else Record({})
        for name in record.member_names():
            yield name, record.record(name)

    def member_names(self) -> tuple[str, ...]:
        """Return the names of all members."""
        return tuple(_checked_name(name, f"{self._path} a name") for name in self._values)

    def in_any_case(self, names: Iterable[str]) -> Record:
        """Return the members with these names in whatever letter case, as Go reads them."""
        given = {name.lower(): value for name, value in self._values.items()}
        return Record({name: given.get(name.lower()) for name in names}, self._path)

    def details(self) -> dict[str, Detail]:
        """Return all members that are values for people: scalars, and lists of strings."""
        shown = {name: _detail(value) for name, value in self._values.items()}
        return {printable(name): value for name, value in shown.items() if value is not None}

    def _typed(self, key: str, kind: type[ValueT]) -> ValueT:
        value = self._values.get(key)
        if not isinstance(value, kind):
            raise FormatError(f"{self._path}{key} is missing or of another type")
        return value


def parse_object(content: bytes) -> Record:
    """Parse one JSON object.

    Raises:
        FormatError: It is none, or has more values than anybody needs.
    """
    if sum(map(content.count, _SEPARATORS)) > MAX_VALUES:
        raise FormatError(f"it has more than {MAX_VALUES:,} values")
    try:
        value = _DECODER.decode(content.decode("utf-8"))
    except FormatError:
        raise
    except RecursionError:
        raise FormatError("it is nested too deeply") from None
    except ValueError:  # its text would show what is in the answer
        raise FormatError("it is not JSON") from None
    if not isinstance(value, dict):
        raise FormatError("it is not a JSON object")
    return Record(value)


def decode_base64(text: str, what: str) -> bytes:
    """Return bytes from standard padded base64.

    Raises:
        FormatError: It is something else.
    """
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise FormatError(f"{what} is not base64") from None


def _checked_name(value: str, what: str) -> str:
    if len(value) > MAX_NAME or any(map(is_control, value)):
        raise FormatError(f"{what} is too long or has control characters")
    return value


def _detail(value: object) -> Detail | None:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(map(printable, value))
    return value if isinstance(value, int | float | bool) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise FormatError("an object has a name twice")
    return values


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):  # 1e999 is, as NaN and Infinity are not, JSON
        raise FormatError("a number is not finite")
    return number


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_finite, parse_float=_finite
)
