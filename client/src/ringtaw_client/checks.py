"""What was checked, as a record: a person reads it line by line, a program looks at ``ok``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its stable name, what was expected, what was found, and the verdict."""

    name: str
    expected: str
    found: str
    ok: bool

    def __str__(self) -> str:
        verdict = "ok" if self.ok else "FAILED"
        return f"{self.name}: {verdict}: expected {self.expected}, found {self.found}"
