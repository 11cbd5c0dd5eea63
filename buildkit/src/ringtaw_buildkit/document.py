"""A user's file as data, with the line of every key: what findings point at.

Public. JSON and TOML are read strictly, as the tools that read these files later do, and with
limits: a file larger than :data:`MAX_SIZE` is no configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ringtaw_premain.errors import PlatformError

from ringtaw_buildkit._json_reader import JSONReader
from ringtaw_buildkit._positions import Keys, SyntaxProblem
from ringtaw_buildkit._toml_reader import read_toml

MAX_SIZE: Final = 16 << 20
"""Bytes of a configuration or manifest. A signed Gramine manifest with the hashes of a whole Python
has about one million."""


class DocumentError(PlatformError):
    """A file of the user's is not what its format asks for.

    ``message`` is the bare problem; ``str`` puts path and line before it, and the cure after it.
    """

    def __init__(self, path: str, line: int | None, message: str, cure: str) -> None:
        super().__init__(message, hint=cure)
        self.path = path
        self.line = line
        self.cure = cure

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {super().__str__()}"


@dataclass(frozen=True, slots=True)
class Document:
    """A file, what it says, and where it says it."""

    path: str
    text: str = field(repr=False)
    data: Any = field(repr=False)
    lines: Mapping[Keys, int] = field(default_factory=dict, repr=False)

    def line(self, *keys: str | int) -> int | None:
        """Return the line, from 1, of the key or element at that path; None if it is absent."""
        return self.lines.get(keys)


def read_text(path: str) -> str:
    """Return a file's text.

    Raises:
        PlatformError: It cannot be read, is larger than MAX_SIZE or is not UTF-8.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise PlatformError(f"{path}: {error.strerror}", hint=_cure(error)) from error
    if len(content) > MAX_SIZE:
        limit = f"larger than {MAX_SIZE >> 20} MiB"
        raise PlatformError(f"{path}: {limit}", hint="name the configuration, not what is built")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        cure = "name a text file, or save it as UTF-8"
        raise DocumentError(path, line, "is not UTF-8 text", cure) from error


def read_json(path: str) -> Document:
    """Read and parse a JSON file.

    Raises:
        PlatformError: As :func:`read_text`; :class:`DocumentError` as :func:`parse_json`.
    """
    return parse_json(path, read_text(path))


def parse_json(path: str, text: str) -> Document:
    """Return JSON text as a document.

    Raises:
        DocumentError: It is not JSON (RFC 8259), or a key is in an object twice.
    """
    _refuse_byte_order_mark(path, text)
    reader = JSONReader(text)
    try:
        data = reader.read()
    except SyntaxProblem as problem:
        cure = "correct the JSON syntax there"
        raise DocumentError(path, problem.line, problem.message, cure) from None
    return Document(path, text, data, reader.lines)


def parse_toml(path: str, text: str) -> Document:
    """Return TOML text as a document.

    Raises:
        DocumentError: It is not TOML 1.0.
    """
    _refuse_byte_order_mark(path, text)
    try:
        data, lines = read_toml(text)
    except SyntaxProblem as problem:
        cure = "correct the TOML syntax there"
        raise DocumentError(path, problem.line, problem.message, cure) from None
    return Document(path, text, data, lines)


def _refuse_byte_order_mark(path: str, text: str) -> None:
    if text.startswith("\ufeff"):
        raise DocumentError(
            path, 1, "begins with a byte order mark", "save it as UTF-8 without one"
        )


def _cure(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "check the path"
        case PermissionError():
            return "make it readable for you"
        case IsADirectoryError():
            return "name the file in it"
    return "check the path and the disk"
