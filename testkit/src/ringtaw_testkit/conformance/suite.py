"""Runs the cases: ``check_adapter("gramine", harness).passed``."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from ringtaw_testkit.conformance.cases import ALL, attacks
from ringtaw_testkit.conformance.context import Context
from ringtaw_testkit.conformance.imports import imported_by
from ringtaw_testkit.conformance.model import Case, Failed, Outcome, Result, Side, Skipped
from ringtaw_testkit.conformance.report import Cost, Report
from ringtaw_testkit.harness import Harness

ATTACKS_AT_ONCE: Final = 3


def check_adapter(
    name: str,
    harness: Harness | None = None,
    *,
    sides: Collection[Side] = tuple(Side),
    cases: Sequence[Case] = ALL,
    expected_failures: Mapping[str, str] | None = None,
) -> Report:
    """Run the cases of these sides on an installed adapter.

    Raises:
        AdapterError: Two distributions declare adapters of one name.
        KeyError: There is no adapter of that name.
    """
    harness = harness or Harness()
    cases = [case for case in cases if case.side in sides]
    with Context(name, harness) as context:
        entry = context.entry
        results = _run_all(cases, context, expected_failures or {})
        return Report(
            adapter=name,
            distribution=entry.distribution,
            harness="" if type(harness) is Harness else type(harness).__name__,
            cost=_cost(context) if Side.RUNTIME in sides else None,
            results=results,
        )


def _run_all(
    cases: Sequence[Case], context: Context, expected: Mapping[str, str]
) -> Sequence[Result]:
    """Attacks are processes that wait for each other's peers, so some run at the same time."""
    results: dict[str, Result] = {}
    at_once = [case for case in cases if case in attacks.CASES.cases and not case.alone]
    for case in cases:
        if case not in at_once:
            results[case.name] = _run(case, context, expected)
    if at_once:
        results[at_once[0].name] = _run(at_once[0], context, expected)
        with ThreadPoolExecutor(ATTACKS_AT_ONCE) as pool:
            for result in pool.map(lambda case: _run(case, context, expected), at_once[1:]):
                results[result.case.name] = result
    return [results[case.name] for case in cases]


def _run(case: Case, context: Context, expected: Mapping[str, str]) -> Result:
    begin = time.perf_counter()
    outcome, message = _outcome(case, context)
    milliseconds = (time.perf_counter() - begin) * 1000
    reason = expected.get(case.name, "")
    if reason and outcome is Outcome.FAILED:
        outcome = Outcome.EXPECTED_FAILURE
    elif reason and outcome is Outcome.PASSED:
        outcome, message = Outcome.BETTER_THAN_LISTED, "It passes now: take it off the list."
    return Result(case, outcome, message, reason, milliseconds)


def _outcome(case: Case, context: Context) -> tuple[Outcome, str]:
    try:
        case.run(context)
    except Failed as failed:
        return Outcome.FAILED, str(failed)
    except Skipped as skipped:
        return Outcome.SKIPPED, str(skipped)
    except Exception as error:
        # The harness's, or what an adapter answered is nothing a case could foresee.
        return Outcome.FAILED, f"unforeseen {type(error).__name__}: {error}"
    return Outcome.PASSED, ""


def _cost(context: Context) -> Cost | None:
    try:
        context.require_side(Side.RUNTIME)
        found = imported_by(str(context.adapter.runtime).partition(":")[0])
    except (Failed, Skipped):
        return None
    return Cost(len(found.modules), found.milliseconds)
