"""The adapters of this tree keep the contract, as far as a machine without hardware can show."""

from __future__ import annotations

import pytest
from ringtaw_premain.plugins import installed_adapters
from ringtaw_testkit.conformance.cases import ALL
from ringtaw_testkit.conformance.expected import read_expected_failures
from ringtaw_testkit.conformance.model import Outcome
from ringtaw_testkit.conformance.suite import check_adapter
from ringtaw_testkit.harness import Harness, check_settings, find_harness

from tests.standins.libos import COMPILER, WITHOUT_COMPILER
from tests.support.documentation import PROJECT

NEED_A_COMPILER = {"gramine", "occlum", "tdx"}
WITHOUT_EVIDENCE = {"ego", "simulation"}
ON_PLAIN_LINUX = {"simulation", "softtee"}
"""They become programs by the same lines as tdx, and order no files either."""
KNOWN = {case.name for case in ALL}
ATTACKS = {name for name in KNOWN if name.startswith("attack/")} - {"attack/none"}


@pytest.mark.parametrize("name", installed_adapters())
def test_it_keeps_the_contract(name: str) -> None:
    if name in NEED_A_COMPILER and COMPILER is None:
        pytest.skip(WITHOUT_COMPILER)
    harness = find_harness(name, directory=PROJECT)
    assert type(harness) is not Harness, "pyproject.toml names one for every adapter"
    listed = check_settings(name, PROJECT).get("expected-failures")
    expected = read_expected_failures(PROJECT / str(listed), KNOWN) if listed else {}
    cases = [case for case in ALL if name not in ON_PLAIN_LINUX or case.name not in ATTACKS]
    report = check_adapter(name, harness, cases=cases, expected_failures=expected)
    assert report.passed, report.as_text()
    passed = {each.case.name for each in report.results if each.outcome is Outcome.PASSED}
    assert ("evidence/binds-report-data" in passed) is (name not in WITHOUT_EVIDENCE)
    assert ("attack/none" in passed) is (name != "ego")
