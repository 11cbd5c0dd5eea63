"""What was found about a machine: how it is, why that matters, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """Something does not work here, which may be as intended."""
    PROBLEM = "problem"
    """Something is set up, and cannot work or is unsafe."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``why`` and ``cure`` are empty where it is ok."""

    area: str
    level: Level
    what: str
    why: str = ""
    cure: str = ""


def ok(area: str, what: str) -> Finding:
    """Return the finding that something is as it should be."""
    return Finding(area, Level.OK, what)


def warn(area: str, what: str, why: str, cure: str) -> Finding:
    """Return the finding that something is missing or doubtful."""
    return Finding(area, Level.WARNING, what, why, cure)


def problem(area: str, what: str, why: str, cure: str) -> Finding:
    """Return the finding that something is wrong."""
    return Finding(area, Level.PROBLEM, what, why, cure)
