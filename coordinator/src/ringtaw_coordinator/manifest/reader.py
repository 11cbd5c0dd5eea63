"""From bytes to JSON, with limits: nothing a stranger sends costs more than they allow.

Source: RFC 8259, read more strictly than most: what parsers disagree on is refused.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import Final, NoReturn

from ringtaw_coordinator.errors import ManifestError, Problem

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 64
MAX_VALUES: Final = 100_000
"""Values (scalars, arrays, objects) in the whole document."""
_TOO_MANY_VALUES: Final = f"the manifest has more than {MAX_VALUES:,} values"
_MAX_DIGITS: Final = 20
"""Digits of the largest unsigned 64-bit integer."""

_STRINGS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""The closing quote is optional to match in one go: searching again would be quadratic."""
_BRACKETS: Final = b"[]{}"
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(_BRACKETS))


class Members(list[tuple[str, object]]):
    """An object's members in order, duplicates included."""


@dataclass(frozen=True, slots=True)
class OddNumber:
    """A number that is no plain integer of at most 64 bits; no field of a manifest takes it."""

    literal: str


def read(raw: bytes) -> object:
    """Return the JSON value in ``raw``; objects as Members.

    Raises:
        ManifestError: It is too large, no UTF-8, nested too deep, or no JSON.
    """
    if len(raw) > MAX_BYTES:
        _refuse(f"the manifest has {len(raw):,} bytes; at most {MAX_BYTES:,} are accepted")
    if raw.startswith(codecs.BOM_UTF8):
        _refuse("the manifest begins with a byte order mark", "save it as UTF-8 without BOM")
    _check_shape(raw)
    return _parse(_decode(raw))


def _refuse(message: str, hint: str = "") -> NoReturn:
    raise ManifestError([Problem("", message, hint)])


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(f"the manifest is not UTF-8: byte {error.start + 1:,} does not belong there")


def _check_shape(raw: bytes) -> None:
    """Refuse nesting and size that a parser would spend stack or memory on."""
    structure = _without_strings(raw)
    depth = 0
    for bracket in structure.translate(None, _NOT_BRACKETS)[: 2 * MAX_VALUES]:
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            _refuse(f"the manifest is nested deeper than {MAX_DEPTH} levels")
    if structure.count(b",") + structure.count(b"[") + structure.count(b"{") > MAX_VALUES:
        _refuse(_TOO_MANY_VALUES)


def _without_strings(raw: bytes) -> bytearray:
    """Return what is outside strings, of which there are two for a value in an object.

    Piece by piece, since ``re.sub`` would hold an object for each of millions of pieces.
    """
    structure = bytearray()
    end = 0
    for count, string in enumerate(_STRINGS.finditer(raw)):
        if count >= 2 * MAX_VALUES:
            _refuse(_TOO_MANY_VALUES)
        structure += raw[end : string.start()]
        end = string.end()
    structure += raw[end:]
    return structure


def _parse(text: str) -> object:
    try:
        return json.loads(
            text,
            object_pairs_hook=Members,
            parse_int=_integer,
            parse_float=OddNumber,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        _refuse(f"the manifest is not JSON: {error.msg} ({where})")


def _integer(literal: str) -> int | OddNumber:
    if len(literal) > _MAX_DIGITS or literal == "-0":
        return OddNumber(literal)
    return int(literal)


def _constant(literal: str) -> NoReturn:
    _refuse(f"the manifest is not JSON: {literal} is no number there")
