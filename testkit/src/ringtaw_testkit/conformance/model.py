"""What a case is, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from inspect import cleandoc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringtaw_testkit.conformance.context import Context


class Side(StrEnum):
    """The side of an adapter that a case is about."""

    RUNTIME = "runtime"
    BUILD = "build"


class Outcome(StrEnum):
    """What came of a case."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    EXPECTED_FAILURE = "expected-failure"
    """Failed, as the list of expected failures says."""
    BETTER_THAN_LISTED = "unexpected-pass"
    """Passed, though the list says it would not: the list is out of date."""

    @property
    def good(self) -> bool:
        """Whether the suite as a whole can still pass."""
        return self not in (Outcome.FAILED, Outcome.BETTER_THAN_LISTED)


class Failed(Exception):  # noqa: N818 - the word for it
    """The adapter does not do what the case demands; the text says what it does instead."""


class Skipped(Exception):  # noqa: N818 - likewise
    """The case says nothing about this adapter here; the text says why."""


@dataclass(frozen=True, slots=True)
class Case:
    """One demand on adapters."""

    name: str
    side: Side
    demand: str
    """What an adapter has to do, one sentence."""
    because: str
    """Why, one sentence."""
    run: Callable[[Context], None] = field(repr=False)
    """Raises Failed or Skipped; returns if the adapter does it."""
    alone: bool = False
    """Whether it changes what other cases share, so that none may run at the same time."""

    @property
    def subject(self) -> str:
        """What it is about: the part of its name before the slash."""
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one case."""

    case: Case
    outcome: Outcome
    message: str = ""
    """Why it failed or was skipped."""
    reason: str = ""
    """Why it was expected to fail."""
    milliseconds: float = 0.0


class Cases:
    """Cases of one subject, in the order in which they are written."""

    def __init__(self, subject: str, side: Side) -> None:
        self._subject = subject
        self._side = side
        self.cases: list[Case] = []

    def case(
        self, name: str, *, because: str, alone: bool = False
    ) -> Callable[[Callable[[Context], None]], Callable[[Context], None]]:
        """Make a function a case: its docstring is the demand."""

        def add(run: Callable[[Context], None]) -> Callable[[Context], None]:
            demand = " ".join(cleandoc(run.__doc__ or "").split())
            full_name = f"{self._subject}/{name}"
            self.cases.append(Case(full_name, self._side, demand, because, run, alone))
            return run

        return add


def demand(condition: object, message: str) -> None:
    """Fail the case unless the condition holds."""
    if not condition:
        raise Failed(message)
