"""Each case of the suite catches the adapter it is for: a good one, with one thing made wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from ringtaw_testkit.conformance.cases import ALL
from ringtaw_testkit.conformance.model import Case, Outcome
from ringtaw_testkit.conformance.report import Report
from ringtaw_testkit.conformance.suite import check_adapter

from tests.testkit.mutants import MUTANTS, Mutant, install

CASES = {case.name: case for case in ALL}
BEHIND_THE_PREMAIN = {
    # The premain itself refuses these before or after any hook: an adapter cannot make them fail.
    "attack/answer-cut-short",
    "attack/answer-of-garbage",
    "attack/argument-with-nul",
    "attack/hang-up",
    "attack/other-certificate",
    "attack/refusal",
    "attack/stall",
    "attack/strange-status",
    "attack/ttls-that-nobody-enforces",
    "attack/variable-with-equals-sign",
}
NEEDS_TWO_ADAPTERS = {"runtime/is-detected-alone"}  # test_adapter_mistakes.py

Check = Callable[..., Report]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Check a mutant with some cases."""

    def run(mutant: Mutant, *names: str) -> Report:
        monkeypatch.syspath_prepend(str(tmp_path))
        harness = install(mutant, tmp_path)
        cases = [CASES[name] for name in names]
        return check_adapter(mutant.adapter, harness, cases=cases)

    return run


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.case}-{mutant.number}")
def test_it_is_caught(mutant: Mutant, check: Check) -> None:
    report = check(mutant, mutant.case)
    [result] = report.results
    assert result.outcome is Outcome.FAILED, report.as_text()
    assert re.search(mutant.says, result.message), result.message
    assert not result.message.startswith("unforeseen")


def test_every_case_has_one() -> None:
    caught = {mutant.case for mutant in MUTANTS}
    assert set(CASES) == caught | BEHIND_THE_PREMAIN | NEEDS_TWO_ADAPTERS


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_cases_explain_themselves(case: Case) -> None:
    assert CASES[case.name] is case
    assert case.demand.endswith(".")
    assert case.because[0].islower()
    assert not case.because.endswith(".")
