"""From tokens to a tree: text and actions, an action being a pipeline of commands.

The supported subset of Go's text/template: text, fields, ``index`` and the encoding functions,
parentheses, pipelines, string literals. Everything else is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ringtaw_coordinator.names import quoted
from ringtaw_coordinator.templates.lexer import Kind, Lexer, Token
from ringtaw_coordinator.templates.source import LocatedTemplateError, Source
from ringtaw_coordinator.templates.strings import unquote

MAX_PARENTHESES: Final = 32
_KEYWORDS: Final = frozenset(
    {
        "block",
        "break",
        "continue",
        "define",
        "else",
        "end",
        "false",
        "if",
        "nil",
        "range",
        "template",
        "true",
        "with",
    }
)


@dataclass(frozen=True, slots=True)
class Text:
    """Text outside of actions."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """A function's name."""

    value: str
    offset: int


@dataclass(frozen=True, slots=True)
class String:
    """A string literal's content."""

    value: str
    offset: int


@dataclass(frozen=True, slots=True)
class Fields:
    """``base.A.B``; without a base, fields of the data itself."""

    base: Name | Pipeline | None
    names: tuple[tuple[str, int], ...]
    """Each with its offset."""
    offset: int


@dataclass(frozen=True, slots=True)
class Command:
    """An operand or function, and its arguments."""

    words: tuple[Operand, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands; each takes the result of the one before it as its last argument."""

    commands: tuple[Command, ...]
    offset: int


Operand = Name | String | Fields | Pipeline


class Parser:
    """A recursive-descent parser over one template's tokens."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._tokens = Lexer(source).tokens()
        self._next: Token | None = next(self._tokens, None)
        self._depth = 0

    def parse(self) -> Iterator[Text | Pipeline]:
        """Yield text and actions in order.

        Raises:
            LocatedTemplateError: The template is not of the supported subset.
        """
        while (token := self._next) is not None:
            self._advance()
            if token.kind is Kind.TEXT:
                yield Text(token.value)
            else:
                yield self._pipeline(token, Kind.RIGHT)

    def _advance(self) -> None:
        self._next = next(self._tokens, None)

    def _take(self, kind: Kind) -> Token | None:
        token = self._next
        if token is None or token.kind is not kind:
            return None
        self._advance()
        return token

    def _skip_space(self) -> bool:
        return self._take(Kind.SPACE) is not None

    def _pipeline(self, opening: Token, closing: Kind) -> Pipeline:
        commands = [self._command(opening)]
        while self._take(Kind.PIPE):
            self._skip_space()
            if self._next is not None and self._next.kind is closing:
                break  # Go lets a pipeline end in |
            commands.append(self._command(opening))
            self._check_stage(commands[-1], len(commands))
        if self._take(closing) is None:
            raise self._unclosed(opening)
        return Pipeline(tuple(commands), opening.offset)

    def _check_stage(self, command: Command, stage: int) -> None:
        if not isinstance(command.words[0], Name | Fields | Pipeline):
            raise self._source.problem(command.offset, f"stage {stage} of the pipeline is no call")

    def _command(self, opening: Token) -> Command:
        self._skip_space()
        words: list[Operand] = []
        while (operand := self._operand()) is not None:
            words.append(operand)
            if not self._skip_space():
                break
        if not words:
            raise self._missing_value(opening)
        return Command(tuple(words), words[0].offset)

    def _operand(self) -> Operand | None:
        base = self._term()
        if base is None:
            return None
        names = []
        while (token := self._take(Kind.FIELD)) is not None:
            names.append(self._field(token, base))
        if not names:
            return base
        if isinstance(base, Fields):
            return Fields(base.base, base.names + tuple(names), base.offset)
        if isinstance(base, String):
            raise self._source.problem(names[0][1], "a string has no fields")
        return Fields(base, tuple(names), base.offset)

    def _field(self, token: Token, base: Operand) -> tuple[str, int]:
        lone_dot = isinstance(base, Fields) and not base.names
        if token.value == "." or lone_dot:
            raise self._source.problem(token.offset, 'unexpected "."')
        return token.value[1:], token.offset

    def _term(self) -> Operand | None:
        if (token := self._take(Kind.IDENTIFIER)) is not None:
            return self._name(token)
        if (token := self._take(Kind.STRING)) is not None:
            return self._string(token)
        if (token := self._take(Kind.FIELD)) is not None:
            names = ((token.value[1:], token.offset),) if token.value != "." else ()
            return Fields(None, names, token.offset)
        if (token := self._take(Kind.LEFT_PAREN)) is not None:
            return self._parenthesised(token)
        return None

    def _name(self, token: Token) -> Name:
        if token.value in _KEYWORDS:
            raise self._source.problem(token.offset, f'"{token.value}" is not supported')
        return Name(token.value, token.offset)

    def _string(self, token: Token) -> String:
        try:
            return String(unquote(token.value), token.offset)
        except ValueError as error:
            raise self._source.problem(token.offset, f"this string {error}") from None

    def _parenthesised(self, opening: Token) -> Pipeline:
        self._depth += 1
        if self._depth > MAX_PARENTHESES:
            raise self._source.problem(opening.offset, "parentheses are nested too deep")
        inner = self._pipeline(opening, Kind.RIGHT_PAREN)
        self._depth -= 1
        return inner

    def _missing_value(self, opening: Token) -> LocatedTemplateError:
        offset = self._next.offset if self._next is not None else opening.offset
        return self._source.problem(offset, "a value or function is missing here")

    def _unclosed(self, opening: Token) -> LocatedTemplateError:
        token = self._next
        if token is None or (token.kind is Kind.RIGHT and opening.kind is Kind.LEFT_PAREN):
            return self._source.problem(opening.offset, f'unclosed "{opening.value}"')
        return self._source.problem(token.offset, f"unexpected {quoted(token.value)}")
