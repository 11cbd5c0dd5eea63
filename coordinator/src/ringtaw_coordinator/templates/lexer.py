"""Cut a template into text and tokens, as Go's text/template does.

Source: https://pkg.go.dev/text/template (delimiters, trim markers, comments, string constants).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ringtaw_coordinator.names import quoted
from ringtaw_coordinator.templates.source import LocatedTemplateError, Source

_SPACE: Final = " \t\r\n"
_SPACE_CHARS: Final = frozenset(_SPACE)
_SPACES: Final = re.compile(r"[ \t\r\n]+")
_WORD: Final = re.compile(r"\w+")
_QUOTED: Final = re.compile(r'"(?:[^"\\\n]|\\[^\n])*+"')
_RAW: Final = re.compile(r"`[^`]*`")
_END_OF_WORD: Final = frozenset(_SPACE + ".,|:()")
_DIGITS: Final = frozenset("0123456789")
_UNSUPPORTED: Final = {
    "$": "variables",
    ":": "variables",
    "=": "variables",
    ",": "variables",
    "'": "character constants",
} | dict.fromkeys("+0123456789", "numbers")


class Kind(Enum):
    """Kinds of tokens; the values name them in messages."""

    TEXT = "text"
    LEFT = "{{"
    RIGHT = "}}"
    SPACE = "space"
    FIELD = "field"
    """``.Name``; a lone dot has the empty name."""
    IDENTIFIER = "name"
    STRING = "string"
    PIPE = "|"
    LEFT_PAREN = "("
    RIGHT_PAREN = ")"


_SYMBOLS: Final = {kind.value: kind for kind in (Kind.PIPE, Kind.LEFT_PAREN, Kind.RIGHT_PAREN)}


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the offset it starts at; ``value`` is the text, name, or quoted string."""

    kind: Kind
    value: str
    offset: int


class Lexer:
    """Yields the tokens of one template; actions come as LEFT … RIGHT, comments not at all."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._text = source.text
        self._at = 0
        self._trim_next = False

    def tokens(self) -> Iterator[Token]:
        """Yield all tokens.

        Raises:
            LocatedTemplateError: Something cannot be a token of the supported subset.
        """
        while (left := self._text.find("{{", self._at)) >= 0:
            yield from self._text_until(left, trim_end=self._is_left_trim(left))
            self._at = left + (4 if self._is_left_trim(left) else 2)
            if self._text.startswith("/*", self._at):
                self._skip_comment(left)
                continue
            yield Token(Kind.LEFT, "{{", left)
            yield from self._action(left)
        yield from self._text_until(len(self._text), trim_end=False)

    def _text_until(self, end: int, *, trim_end: bool) -> Iterator[Token]:
        text = self._text[self._at : end]
        if self._trim_next:
            text = text.lstrip(_SPACE)
        if trim_end:
            text = text.rstrip(_SPACE)
        if text:
            yield Token(Kind.TEXT, text, self._at)

    def _is_left_trim(self, left: int) -> bool:
        return self._text[left + 2 : left + 3] == "-" and self._char(left + 3) in _SPACE_CHARS

    def _char(self, offset: int) -> str:
        return self._text[offset : offset + 1]

    def _skip_comment(self, left: int) -> None:
        end = self._text.find("*/", self._at + 2)
        if end < 0:
            raise self._source.problem(left, "unclosed comment")
        self._at = end + 2
        if not self._take_right():
            raise self._source.problem(left, "a comment must end directly before }} or ' -}}'")

    def _take_right(self) -> bool:
        """Step over a right delimiter, noting whether it trims the text that follows."""
        self._trim_next = self._char(self._at) in _SPACE_CHARS and self._text.startswith(
            "-}}", self._at + 1
        )
        if self._trim_next:
            self._at += 4
            return True
        if self._text.startswith("}}", self._at):
            self._at += 2
            return True
        return False

    def _action(self, left: int) -> Iterator[Token]:
        while True:
            start = self._at
            if self._take_right():
                yield Token(Kind.RIGHT, "}}", start)
                return
            if start >= len(self._text):
                raise self._source.problem(left, "unclosed action: {{ without }}")
            yield self._token(start)

    def _token(self, start: int) -> Token:
        char = self._text[start]
        if char in _SPACE_CHARS:
            return self._space(start)
        if char in _SYMBOLS:
            return self._emit(_SYMBOLS[char], start, start + 1)
        if char in '"`':
            return self._string(start)
        if char == ".":
            return self._word(Kind.FIELD, start, start + 1)
        if _is_word(char) and char not in _DIGITS:
            return self._word(Kind.IDENTIFIER, start, start)
        raise self._unexpected(start)

    def _emit(self, kind: Kind, start: int, end: int) -> Token:
        self._at = end
        return Token(kind, self._text[start:end], start)

    def _space(self, start: int) -> Token:
        match = _SPACES.match(self._text, start)
        end = match.end() if match else start
        if self._text.startswith("-}}", end):
            end -= 1  # the last space belongs to the trim marker
        return self._emit(Kind.SPACE, start, end)

    def _string(self, start: int) -> Token:
        match = (_RAW if self._text[start] == "`" else _QUOTED).match(self._text, start)
        if match is None:
            raise self._source.problem(start, "unterminated string")
        return self._emit(Kind.STRING, start, match.end())

    def _word(self, kind: Kind, start: int, name: int) -> Token:
        match = _WORD.match(self._text, name)
        end = match.end() if match else name
        word = self._text[name:end]
        if word[:1] in _DIGITS or not all(map(_is_word, word)):
            raise self._unexpected(name)
        if not self._ends_word(end):
            raise self._unexpected(end)
        return self._emit(kind, start, end)

    def _ends_word(self, end: int) -> bool:
        char = self._char(end)
        return not char or char in _END_OF_WORD or self._text.startswith("}}", end)

    def _unexpected(self, offset: int) -> LocatedTemplateError:
        char = self._char(offset)
        if char in _UNSUPPORTED:
            return self._source.problem(offset, f"{_UNSUPPORTED[char]} are not supported")
        before = self._char(offset - 1)
        in_name = before == "." or (before and _is_word(before))
        hint = 'write odd names as: index .Secrets "the name"' if in_name else ""
        return self._source.problem(offset, f"unexpected {quoted(char)}", hint)


def _is_word(char: str) -> bool:
    """Whether Go counts ``char`` as part of a name: underscore, letter (L*) or digit (Nd)."""
    return char == "_" or char.isalpha() or char.isdecimal()
