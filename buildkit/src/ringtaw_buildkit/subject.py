"""What a checker of configurations works on: the file, and the kinds of findings it can make.

Public. A checker keeps its kinds in one table, so that its documentation is complete by being made
from that table, and no finding can have a code that is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringtaw_premain.build_hookspecs import Finding, Severity

from ringtaw_buildkit import schema
from ringtaw_buildkit.document import Document
from ringtaw_buildkit.findings import SYNTAX, pointer

MANIFEST: Final = "manifest"
"""In place of a file's name in findings about the Coordinator's manifest."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding."""

    severity: Severity
    """The usual one."""
    meaning: str
    """What is wrong and why it matters, in Markdown."""


GENERAL: Final[Mapping[str, Kind]] = {
    SYNTAX: Kind(Severity.ERROR, "The file cannot be read in its format."),
    schema.UNKNOWN_KEY: Kind(
        Severity.WARNING, "A key that the libOS does not know; most ignore it without a word."
    ),
    schema.REMOVED_KEY: Kind(
        Severity.ERROR, "A key of older versions; the cure names its successor."
    ),
    schema.MISSING_KEY: Kind(Severity.ERROR, "A key that the libOS asks for is not there."),
    schema.WRONG_TYPE: Kind(Severity.ERROR, "A value of the wrong type."),
    schema.WRONG_VALUE: Kind(Severity.ERROR, "A value that the libOS does not accept."),
}
"""The kinds that reading a file and checking it against its JSON Schema make."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A document under examination. Its getters give None for what is absent or of another type,
    which the JSON Schema has reported already."""

    document: Document
    kinds: Mapping[str, Kind]

    def value(self, *keys: str | int) -> Any:
        """Return the value at that path."""
        at: Any = self.document.data
        for key in keys:
            match at:
                case dict() if key in at:
                    at = at[key]
                case list() if isinstance(key, int) and key < len(at):
                    at = at[key]
                case _:
                    return None
        return at

    def text(self, *keys: str | int) -> str | None:
        """Return the string at that path."""
        value = self.value(*keys)
        return value if isinstance(value, str) else None

    def number(self, *keys: str | int) -> int | None:
        """Return the whole number at that path."""
        value = self.value(*keys)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def flag(self, *keys: str | int) -> bool | None:
        """Return the boolean at that path."""
        value = self.value(*keys)
        return value if isinstance(value, bool) else None

    def count(self, *keys: str | int) -> int:
        """Return how many elements the array at that path has; 0 if there is none."""
        value = self.value(*keys)
        return len(value) if isinstance(value, list) else 0

    def texts(self, *keys: str | int) -> list[tuple[int, str]]:
        """Return the strings in the array at that path, with their positions."""
        values = self.value(*keys)
        if not isinstance(values, list):
            return []
        return [(at, value) for at, value in enumerate(values) if isinstance(value, str)]

    def finding(
        self,
        code: str,
        *keys: str | int,
        message: str,
        cure: str,
        severity: Severity | None = None,
    ) -> Finding:
        """Return a finding at a key, or at the nearest thing around it that is there."""
        return Finding(
            severity=severity or self.kinds[code].severity,
            code=code,
            file=self.document.path,
            line=self._line(keys),
            pointer=pointer(*keys),
            message=message,
            cure=cure,
        )

    def manifest_finding(
        self,
        code: str,
        *keys: str | int,
        message: str,
        cure: str,
        severity: Severity | None = None,
    ) -> Finding:
        """Return a finding at a key of the Coordinator's manifest."""
        return Finding(
            severity=severity or self.kinds[code].severity,
            code=code,
            file=MANIFEST,
            line=None,
            pointer=pointer(*keys),
            message=message,
            cure=cure,
        )

    def _line(self, keys: tuple[str | int, ...]) -> int | None:
        for length in range(len(keys), 0, -1):
            if line := self.document.line(*keys[:length]):
                return line
        return None


def table(kinds: Mapping[str, Kind]) -> str:
    """Return the kinds as a Markdown table, by code."""
    lines = ["| code | usually | what it means |", "| --- | --- | --- |"]
    for code, kind in sorted(kinds.items()):
        lines.append(f"| `{code}` | {kind.severity.value} | {kind.meaning} |")
    return "\n".join(lines) + "\n"
