"""Reads TOML 1.0 and remembers the line of every table, key and element.

The standard library reads and judges the document; what is here walks over a text already known to
be valid, so it looks only for where things begin and end.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from typing import Any, Final

from ringtaw_buildkit._positions import Keys, Lines, SyntaxProblem, line_starts

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_SCALAR: Final = re.compile(r"[^,\]}\n#]*")
_PLACE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def read_toml(text: str) -> tuple[dict[str, Any], Lines]:
    """Return the document's data and lines.

    Raises:
        SyntaxProblem: It is not TOML, or is nested too deeply.
    """
    try:
        return tomllib.loads(text), _TOMLLines(text).lines
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        raise SyntaxProblem(line, _PLACE.sub("", str(error))) from None
    except RecursionError:
        raise SyntaxProblem(None, "nested too deeply") from None
    except ValueError:  # digits beyond what Python converts, or a day that no calendar has
        raise SyntaxProblem(None, "a number or date is out of range") from None


class _TOMLLines:
    """One pass over one valid text; ``lines`` is complete after construction."""

    def __init__(self, text: str) -> None:
        self.lines: Lines = {(): 1}
        self._text = text
        self._starts = line_starts(text)
        self._elements: dict[Keys, int] = {}
        self._document()

    def _document(self) -> None:
        table: Keys = ()
        at = self._blank(0)
        while at < len(self._text):
            if self._text.startswith("[", at):
                table, at = self._header(at)
            else:
                at = self._pair(at, table)
            at = self._blank(at)

    def _header(self, at: int) -> tuple[Keys, int]:
        brackets = 2 if self._text.startswith("[[", at) else 1
        names, end = self._key(at + brackets)
        line = self._line(at)
        table = self._resolved(names[:-1], line) + names[-1:]
        if brackets == 2:
            self.lines.setdefault(table, line)
            table = self._append(table)
        self.lines[table] = line
        return table, end + brackets

    def _append(self, array: Keys) -> Keys:
        self._elements[array] = self._elements.get(array, 0) + 1
        return (*array, self._elements[array] - 1)

    def _resolved(self, names: Keys, line: int) -> Keys:
        """Return the path of a table named in a header: the last element of an array of tables."""
        path: Keys = ()
        for name in names:
            path = (*path, name)
            self.lines.setdefault(path, line)
            if path in self._elements:
                path = (*path, self._elements[path] - 1)
        return path

    def _pair(self, at: int, table: Keys) -> int:
        names, end = self._key(at)
        line = self._line(at)
        for count in range(1, len(names) + 1):
            self.lines.setdefault(table + names[:count], line)
        return self._value(self._space(end + 1), table + names)

    def _key(self, at: int) -> tuple[Keys, int]:
        """Return a dotted key and where the character after it is."""
        names: list[str] = []
        while True:
            at = self._space(at)
            if self._text[at] in "\"'":
                end = self._match(_STRING, at)
                (name,) = tomllib.loads(f"{self._text[at:end]}=0")
            else:
                end = self._match(_BARE_KEY, at)
                name = self._text[at:end]
            names.append(name)
            at = self._space(end)
            if self._text[at] != ".":
                return tuple(names), at
            at += 1

    def _value(self, at: int, path: Keys) -> int:
        match self._text[at]:
            case "[":
                return self._array(at + 1, path)
            case "{":
                return self._inline_table(at + 1, path)
            case '"' | "'":
                return self._match(_STRING, at)
        return self._match(_SCALAR, at)

    def _array(self, at: int, path: Keys) -> int:
        at, index = self._blank(at), 0
        while self._text[at] != "]":
            self.lines[*path, index] = self._line(at)
            at = self._after_comma(self._value(at, (*path, index)))
            index += 1
        return at + 1

    def _inline_table(self, at: int, path: Keys) -> int:
        at = self._blank(at)
        while self._text[at] != "}":
            at = self._after_comma(self._pair(at, path))
        return at + 1

    def _after_comma(self, at: int) -> int:
        at = self._blank(at)
        return self._blank(at + 1) if self._text[at] == "," else at

    def _blank(self, at: int) -> int:
        return self._match(_BLANK, at)

    def _space(self, at: int) -> int:
        return self._match(_SPACE, at)

    def _match(self, pattern: re.Pattern[str], at: int) -> int:
        found = pattern.match(self._text, at)
        return found.end() if found else at

    def _line(self, at: int) -> int:
        return bisect_right(self._starts, at)
