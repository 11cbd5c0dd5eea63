"""The result of a run, as text and as JSON (``ringtaw_schemas/testkit/``)."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ringtaw_buildkit.counting import counted
from ringtaw_premain import __version__

from ringtaw_testkit.conformance.model import Outcome, Result

FORMAT_VERSION: Final = 1
_WIDTH: Final = 100
_MARKS: Final = {
    Outcome.PASSED: "ok  ",
    Outcome.FAILED: "FAIL",
    Outcome.SKIPPED: "skip",
    Outcome.EXPECTED_FAILURE: "known",
    Outcome.BETTER_THAN_LISTED: "FAIL",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What importing the runtime side costs every start, beyond the contract."""

    modules: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one run of the suite."""

    adapter: str
    distribution: str
    harness: str
    """Class of the harness; empty if there was none."""
    cost: Cost | None
    results: Sequence[Result]

    @property
    def passed(self) -> bool:
        """Whether the adapter keeps the contract, as far as could be seen."""
        return all(result.outcome.good for result in self.results)

    @property
    def counts(self) -> dict[str, int]:
        """How many cases came to what."""
        found = Counter(result.outcome for result in self.results)
        return {str(outcome): found[outcome] for outcome in Outcome}

    def as_json(self) -> dict[str, object]:
        """Return the report as JSON data."""
        return {
            "version": FORMAT_VERSION,
            "adapter": self.adapter,
            "distribution": self.distribution,
            "premain": __version__,
            "harness": self.harness,
            "passed": self.passed,
            "counts": self.counts,
            "runtimeImport": None
            if self.cost is None
            else {"modules": self.cost.modules, "milliseconds": round(self.cost.milliseconds, 3)},
            "cases": [_case(result) for result in self.results],
        }

    def as_text(self) -> str:
        """Return the report for people."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        harness = self.harness or "none"
        yield f"adapter({self.adapter}) of {self.distribution}; harness: {harness}"
        for result in self.results:
            yield f"  {_MARKS[result.outcome]:5} {result.case.name}"
            yield from (f"          {line}" for line in _explanation(result))
        if self.cost:
            yield (
                f"importing the runtime side: {counted(self.cost.modules, 'module')}, "
                f"{self.cost.milliseconds:.1f} ms"
            )
        told = [f"{count} {outcome}" for outcome, count in self.counts.items() if count]
        yield f"{'passed' if self.passed else 'FAILED'}: {', '.join(told) or 'no case'}"


def _explanation(result: Result) -> list[str]:
    """Say for what failed what was demanded and why; for the rest what there is to know."""
    case, message = result.case, result.message
    match result.outcome:
        case Outcome.FAILED:
            text = [message, f"Demanded: {case.demand}", f"Why: {case.because}."]
        case Outcome.BETTER_THAN_LISTED:
            text = [f"{message} It was expected to fail: {result.reason}"]
        case Outcome.EXPECTED_FAILURE:
            text = [message, f"Known: {result.reason}"]
        case Outcome.SKIPPED:
            text = [message]
        case _:
            text = []
    return [line for part in text for line in textwrap.wrap(part, _WIDTH - 10)]


def _case(result: Result) -> dict[str, object]:
    return {
        "name": result.case.name,
        "side": str(result.case.side),
        "demand": result.case.demand,
        "because": result.case.because,
        "outcome": str(result.outcome),
        "message": result.message,
        "reason": result.reason,
        "milliseconds": round(result.milliseconds, 3),
    }
