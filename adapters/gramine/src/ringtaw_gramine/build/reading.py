"""Reads a user's Gramine manifest: a template, or one that is rendered or signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ringtaw_buildkit.document import Document, DocumentError, parse_toml, read_text

from .template import Rendered, is_unknown, render

RENDERED: Final = (".manifest", ".manifest.sgx", ".toml")
"""How files are called that are no templates any more."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The data with the lines of the user's own file, and what is not known of it."""

    document: Document
    unknown: Mapping[str, int | None]
    """The template's variables that were not given, with a line that mentions each."""
    uncertain_lines: frozenset[int]
    """Lines of the user's file whose values depend on one of these."""


def read(path: str, variables: Mapping[str, str]) -> Reading:
    """Read a file; its name tells whether it is a template.

    Raises:
        PlatformError: It cannot be read; a DocumentError if it is no template or no TOML.
    """
    text = read_text(path)
    if path.endswith(RENDERED):
        return Reading(parse_toml(path, text), {}, frozenset())
    rendered = render(path, text, variables)
    document = _parse(path, rendered)
    lines = {keys: rendered.origins[line - 1] for keys, line in document.lines.items()}
    uncertain = frozenset(_uncertain(rendered))
    return Reading(Document(path, text, document.data, lines), rendered.unknown, uncertain)


def _parse(path: str, rendered: Rendered) -> Document:
    try:
        return parse_toml(path, rendered.text)
    except DocumentError as error:
        line = error.line
        if line is not None:
            line = rendered.origins[min(line, len(rendered.origins)) - 1]
        cure = _cure(rendered.unknown) or error.cure
        raise DocumentError(path, line, error.message, cure) from None


def _cure(unknown: Iterable[str]) -> str:
    names = ", ".join(unknown)
    return f"correct the TOML there, or give the template its variables: {names}" if names else ""


def _uncertain(rendered: Rendered) -> Iterable[int]:
    for line, origin in zip(rendered.text.split("\n"), rendered.origins, strict=True):
        if is_unknown(line):
            yield origin
