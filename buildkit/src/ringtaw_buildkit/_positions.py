"""What the readers of both formats share: paths of keys, line numbers, what is wrong where."""

from __future__ import annotations

from typing import TypeAlias

Keys: TypeAlias = tuple[str | int, ...]
"""Path from the document's top to a key (text) or element (number from 0)."""

Lines: TypeAlias = dict[Keys, int]
"""Line, from 1, at which each key or element begins."""


class SyntaxProblem(Exception):  # noqa: N818 - becomes a DocumentError, which knows the file
    """The text is not what its format asks for."""

    def __init__(self, line: int | None, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def line_starts(text: str) -> list[int]:
    """Return the offset of each line's first character; for bisect_right."""
    starts = [0]
    end = text.find("\n")
    while end != -1:
        starts.append(end + 1)
        end = text.find("\n", end + 1)
    return starts
