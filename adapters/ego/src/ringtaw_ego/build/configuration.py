"""What is checked: enclave.json, and the Marble that it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ringtaw_buildkit.document import Document
from ringtaw_buildkit.marbles import Marble
from ringtaw_buildkit.subject import Subject


@dataclass(frozen=True, slots=True)
class Configuration:
    """An enclave.json with what is known around it."""

    subject: Subject
    marble: Marble | None

    def beside(self, name: str) -> Path:
        """Return the path of a file that the configuration names; EGo puts its folder before it,
        absolute or not (Go's filepath.Join)."""
        return Path(self.subject.document.path).parent / name.lstrip("/")


def canonical(document: Document, schema: Mapping[str, Any]) -> Document:
    """Return the document with its keys in the schema's letter case, as EGo reads them in any."""
    lines: dict[tuple[str | int, ...], int] = {}
    data = _canonical(document, document.data, schema, (), (), lines)
    return replace(document, data=data, lines=lines)


def _canonical(
    document: Document,
    value: Any,
    schema: Mapping[str, Any],
    old: tuple[str | int, ...],
    new: tuple[str | int, ...],
    lines: dict[tuple[str | int, ...], int],
) -> Any:
    if line := document.line(*old):
        lines[new] = line
    if isinstance(value, list):
        items = schema.get("items", {})
        return [
            _canonical(document, item, items, (*old, at), (*new, at), lines)
            for at, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    known: dict[str, Any] = schema.get("properties", {})
    spelling = {name.casefold(): name for name in known}
    members: dict[str, Any] = {}
    for key, member in value.items():
        name = key if key in known else spelling.get(str(key).casefold(), str(key))
        part = known.get(name, {})
        members[name] = _canonical(document, member, part, (*old, key), (*new, name), lines)
    return members
