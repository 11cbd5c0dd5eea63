"""What is wrong with a template, and where."""

from __future__ import annotations

from ringtaw_coordinator.errors import TemplateError


class LocatedTemplateError(TemplateError):
    """One mistake at one position; the text never holds a secret's value.

    ``where`` names the Marble and its file or variable; ``line`` and ``column`` count from 1 in
    the decoded data.
    """

    def __init__(self, where: str, position: tuple[int, int], reason: str, hint: str = "") -> None:
        self.where = where
        self.line, self.column = position
        self.reason = reason
        self.hint = hint
        text = f"{where}, {self.line}:{self.column}: {reason}"
        super().__init__(f"{text} ({hint})" if hint else text)


class Source:
    """A template's text and name: turns offsets into positions for messages.

    Bytes that are not UTF-8 are kept as lone surrogates (PEP 383), so that file contents of any
    kind come out as they went in.
    """

    def __init__(self, data: bytes, where: str) -> None:
        self.text = data.decode("utf-8", "surrogateescape")
        self.where = where

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of ``offset``, both counted in characters from 1."""
        line = self.text.count("\n", 0, offset) + 1
        return line, offset - self.text.rfind("\n", 0, offset)

    def problem(self, offset: int, reason: str, hint: str = "") -> LocatedTemplateError:
        """Return the error for a mistake at ``offset``."""
        return LocatedTemplateError(self.where, self.position(offset), reason, hint)
