"""Where the statements of a TOML text with Jinja in it begin and end, character by character.

A template is not TOML before it is rendered, and cannot be put back together once it is. So Jinja
is blotted out, each character by one other, and what remains is walked over as TOML: an expression
becomes part of the value or key it stands in, blocks and comments become blanks. Nothing of the
text is lost, and each position is one in the user's own file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

from ringtaw_buildkit.document import DocumentError

Keys: TypeAlias = tuple[str, ...]
Span: TypeAlias = tuple[int, int]

_QUOTED: Final = r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'"""
_JINJA: Final = re.compile(
    rf"\{{\{{(?:{_QUOTED}|[^\"'])*?\}}\}}"
    rf"|\{{%[-+]?\s*(?P<word>\w+)(?P<rest>(?:{_QUOTED}|[^\"'])*?)%\}}"
    r"|\{#.*?#\}",
    re.DOTALL,
)
_OPENING: Final = frozenset(
    ("if", "for", "macro", "call", "filter", "block", "raw", "with", "autoescape", "trans")
)
_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR: Final = re.compile(r"[^,\]}\n#]*")
_CURE: Final = "write it as plain TOML, or add the premain by hand as the documentation shows"


@dataclass(frozen=True, slots=True)
class Statement:
    """``key = value``; ``keys`` is the whole path."""

    keys: Keys
    start: int
    value: Span


@dataclass(frozen=True, slots=True)
class Header:
    """``[table]``, or ``[[table]]`` where ``is_element``."""

    keys: Keys
    is_element: bool
    start: int
    end: int


class Source:
    """A text with its statements and headers in order.

    Raises:
        DocumentError: They cannot be told, on construction.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.statements: list[Statement] = []
        self.headers: list[Header] = []
        self.masked, self._blocks = _mask(text)
        self._walk()

    def line(self, at: int) -> int:
        """Return the line, from 1, of a position."""
        return self.text.count("\n", 0, at) + 1

    def problem(self, at: int, message: str, cure: str = _CURE) -> DocumentError:
        """Return the error that something at a position cannot be edited."""
        return DocumentError(self.path, self.line(at), message, cure)

    def is_conditional(self, at: int) -> bool:
        """Whether a Jinja block decides if, or how often, what is there appears."""
        return any(start < at < end for start, end in self._blocks)

    def line_end(self, at: int) -> int:
        """Return where the line of a position ends, before its newline."""
        end = self.text.find("\n", at)
        return len(self.text) if end == -1 else end

    def elements(self, array: Span) -> list[Span]:
        """Return the elements of an array."""
        found = []
        at = self._match(_BLANK, array[0] + 1)
        while at < array[1] - 1:
            end = self._value(at)
            found.append((at, at + len(self.masked[at:end].rstrip())))
            at = self._match(_BLANK, end)
            if self.masked[at] == ",":
                at = self._match(_BLANK, at + 1)
        return found

    @cached_property
    def table_starts(self) -> list[int]:
        """Where each header begins, and the end of the text."""
        return [*(header.start for header in self.headers), len(self.text)]

    def _walk(self) -> None:
        table: Keys = ()
        at = self._match(_BLANK, 0)
        while at < len(self.masked):
            if self.masked[at] == "[":
                table, at = self._header(at)
            else:
                at = self._statement(at, table)
            if not re.match(r"[ \t\r]*(#|\n|$)", self.masked[at:]):
                raise self.problem(at, "there is more on the line than can be followed")
            at = self._match(_BLANK, at)

    def _header(self, at: int) -> tuple[Keys, int]:
        brackets = 2 if self.masked.startswith("[[", at) else 1
        keys, end = self._key(at + brackets, at)
        if not self.masked.startswith("]" * brackets, end):
            raise self.problem(at, "a table's header that cannot be followed")
        self.headers.append(Header(keys, brackets == 2, at, end + brackets))
        return keys, end + brackets

    def _statement(self, at: int, table: Keys) -> int:
        keys, end = self._key(at, at)
        if not self.masked.startswith("=", end):
            raise self.problem(at, "neither a table nor a key with a value")
        begin = self._match(_SPACE, end + 1)
        end = begin + len(self.masked[begin : self._value(begin)].rstrip())
        self.statements.append(Statement(table + keys, at, (begin, end)))
        return end

    def _key(self, at: int, statement: int) -> tuple[Keys, int]:
        names: list[str] = []
        while True:
            at = self._match(_SPACE, at)
            quoted = self.masked[at : at + 1] in ('"', "'")
            end = self._match(_STRING if quoted else _BARE_KEY, at)
            if end == at:
                raise self.problem(statement, "a key that cannot be followed")
            names.append(self.text[at + quoted : end - quoted])
            at = self._match(_SPACE, end)
            if not self.masked.startswith(".", at):
                return tuple(names), at
            at += 1

    def _value(self, at: int) -> int:
        match self.masked[at : at + 1]:
            case "[":
                return self._enclosed(at, "]")
            case "{":
                return self._enclosed(at, "}")
            case '"' | "'":
                end = self._match(_STRING, at)
                if end == at:
                    raise self.problem(at, "a string that does not end")
                return end
        return self._match(_SCALAR, at)

    def _enclosed(self, begin: int, closing: str) -> int:
        """Walk over an array or an inline table to where the character after it is."""
        at = self._match(_BLANK, begin + 1)
        while not self.masked.startswith(closing, at):
            if at >= len(self.masked):
                raise self.problem(begin, f"there is no {closing} for what begins here")
            is_part = self.masked[at] in "[{\"'"
            at = self._match(_BLANK, self._value(at) if is_part else at + 1)
        return at + 1

    def _match(self, pattern: re.Pattern[str], at: int) -> int:
        found = pattern.match(self.masked, at)
        return found.end() if found else at


def _mask(text: str) -> tuple[str, list[Span]]:
    """Blot Jinja out; return also from where to where each outermost block reaches."""
    pieces: list[str] = []
    blocks: list[Span] = []
    opened: list[int] = []
    at = 0
    for found in _JINJA.finditer(text):
        pieces.append(text[at : found.start()])
        is_expression = found.group().startswith("{{")
        pieces.append("x" * len(found.group()) if is_expression else _blank(found.group()))
        at = found.end()
        word = found["word"] or ""
        if word in _OPENING or (word == "set" and "=" not in found["rest"]):
            opened.append(found.start())
        elif word.startswith("end") and opened:
            blocks.append((opened.pop(), found.end()))
    return "".join([*pieces, text[at:]]), blocks + [(start, len(text)) for start in opened]


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
