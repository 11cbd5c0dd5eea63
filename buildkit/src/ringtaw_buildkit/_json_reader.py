"""Reads JSON (RFC 8259) and remembers the line of every key and element.

The standard library's reader keeps no positions, lets the last of two equal keys win and takes NaN.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Any, Final

from ringtaw_buildkit._positions import Keys, Lines, SyntaxProblem, line_starts

_MAX_DEPTH: Final = 100
"""Levels: far below what Python's stack holds."""
_DECODER: Final = json.JSONDecoder()
"""For strings alone."""
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_MAX_NUMBER: Final = 400
"""Characters: more than any number of these formats has, and cheap to convert."""
_WORDS: Final = {"true": True, "false": False, "null": None}


class JSONReader:
    """One pass over one text.

    After :meth:`read` all lines are known, the ``spans`` of values and the ``starts`` of members'
    keys, as offsets in the text.
    """

    def __init__(self, text: str) -> None:
        self.lines: Lines = {}
        self.spans: dict[Keys, tuple[int, int]] = {}
        self.starts: dict[Keys, int] = {}
        self._text = text
        self._line_starts = line_starts(text)

    def read(self) -> Any:
        """Return the value that the whole text holds.

        Raises:
            SyntaxProblem: It is not JSON, has a key twice or is nested too deeply.
        """
        value, end = self._value(self._skip(0), ())
        end = self._skip(end)
        if end != len(self._text):
            raise self._problem(end, "there is something after the end of the document")
        return value

    def _value(self, at: int, keys: Keys) -> tuple[Any, int]:
        self.lines.setdefault(keys, self._line(at))
        if len(keys) > _MAX_DEPTH:
            raise self._problem(at, f"nested more than {_MAX_DEPTH} levels deep")
        value, end = self._read(at, keys)
        self.spans[keys] = (at, end)
        return value, end

    def _read(self, at: int, keys: Keys) -> tuple[Any, int]:
        match self._text[at : at + 1]:
            case "{":
                return self._object(at + 1, keys)
            case "[":
                return self._array(at + 1, keys)
            case '"':
                return self._string(at)
        return self._scalar(at)

    def _object(self, at: int, keys: Keys) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        at = self._skip(at)
        while not self._is(at, "}"):
            key, end = self._key(at, members, keys)
            self.starts[*keys, key] = at
            self.lines[*keys, key] = self._line(at)
            end = self._expect(end, ":", "a key must be followed by a colon")
            members[key], end = self._value(end, (*keys, key))
            at = self._next(end, "}", "object")
        return members, at + 1

    def _key(self, at: int, members: dict[str, Any], keys: Keys) -> tuple[str, int]:
        if not self._is(at, '"'):
            raise self._problem(at, "expected a key in double quotes")
        key, end = self._string(at)
        if key in members:
            first = self.lines[*keys, key]
            raise self._problem(at, f"key {json.dumps(key)} is already on line {first}")
        return key, end

    def _array(self, at: int, keys: Keys) -> tuple[list[Any], int]:
        elements: list[Any] = []
        at = self._skip(at)
        while not self._is(at, "]"):
            element, end = self._value(at, (*keys, len(elements)))
            elements.append(element)
            at = self._next(end, "]", "array")
        return elements, at + 1

    def _next(self, at: int, end: str, what: str) -> int:
        """Return where the next member or the end of the container is."""
        at = self._skip(at)
        if self._is(at, end):
            return at
        after = self._expect(at, ",", f"expected a comma or the end of the {what}")
        if self._is(after, end):
            raise self._problem(at, f"comma after the last entry of the {what}")
        return after

    def _string(self, at: int) -> tuple[str, int]:
        try:
            string: str
            string, end = _DECODER.raw_decode(self._text, at)
            string.encode()
        except json.JSONDecodeError as error:
            raise self._problem(error.pos, error.msg.lower().removesuffix(" at")) from None
        except UnicodeEncodeError:
            raise self._problem(at, "half of a surrogate pair is no character") from None
        return string, end

    def _scalar(self, at: int) -> tuple[Any, int]:
        for word, value in _WORDS.items():
            if self._text.startswith(word, at):
                return value, at + len(word)
        number = _NUMBER.match(self._text, at)
        if number is None:
            raise self._problem(at, "expected a value")
        digits = number.group()
        if len(digits) > _MAX_NUMBER:
            raise self._problem(at, f"number with more than {_MAX_NUMBER} characters")
        return float(digits) if number[1] or number[2] else int(digits), number.end()

    def _expect(self, at: int, character: str, problem: str) -> int:
        at = self._skip(at)
        if not self._is(at, character):
            raise self._problem(at, problem)
        return self._skip(at + 1)

    def _is(self, at: int, character: str) -> bool:
        return self._text.startswith(character, at)

    def _skip(self, at: int) -> int:
        space = _SPACE.match(self._text, at)
        return space.end() if space else at

    def _line(self, at: int) -> int:
        return bisect_right(self._line_starts, at)

    def _problem(self, at: int, message: str) -> SyntaxProblem:
        if at >= len(self._text):
            message = f"{message}, found the end of the file"
        return SyntaxProblem(self._line(at), message)
