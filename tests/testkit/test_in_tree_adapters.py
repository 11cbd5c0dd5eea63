"""The adapters of this tree keep the contract, as far as a machine without hardware can show."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringtaw_premain.plugins import installed_adapters
from ringtaw_testkit.conformance.cases import ALL
from ringtaw_testkit.conformance.expected import read_expected_failures
from ringtaw_testkit.conformance.model import Outcome
from ringtaw_testkit.conformance.suite import check_adapter
from ringtaw_testkit.harness import Harness

from tests.standins.libos import COMPILER, WITHOUT_COMPILER
from tests.testkit.in_tree_harnesses import (
    EgoHarness,
    GramineHarness,
    OcclumHarness,
    SimulationHarness,
    SoftteeHarness,
    TdxHarness,
)

HARNESSES: dict[str, type[Harness]] = {
    "ego": EgoHarness,
    "gramine": GramineHarness,
    "occlum": OcclumHarness,
    "simulation": SimulationHarness,
    "softtee": SoftteeHarness,
    "tdx": TdxHarness,
}
NEED_A_COMPILER = {"gramine", "occlum", "tdx"}
WITHOUT_EVIDENCE = {"ego", "simulation"}
ON_PLAIN_LINUX = {"simulation", "softtee"}
"""They become programs by the same lines as tdx, and order no files either."""
KNOWN = {case.name for case in ALL}
ATTACKS = {name for name in KNOWN if name.startswith("attack/")} - {"attack/none"}


def test_every_adapter_is_checked() -> None:
    assert set(HARNESSES) == set(installed_adapters())


@pytest.mark.parametrize("name", HARNESSES)
def test_it_keeps_the_contract(name: str) -> None:
    if name in NEED_A_COMPILER and COMPILER is None:
        pytest.skip(WITHOUT_COMPILER)
    listed = Path(__file__).parent / "expected_failures" / f"{name}.toml"
    expected = read_expected_failures(listed, KNOWN) if listed.exists() else {}
    cases = [case for case in ALL if name not in ON_PLAIN_LINUX or case.name not in ATTACKS]
    report = check_adapter(name, HARNESSES[name](), cases=cases, expected_failures=expected)
    assert report.passed, report.as_text()
    passed = {each.case.name for each in report.results if each.outcome is Outcome.PASSED}
    assert ("evidence/binds-report-data" in passed) is (name not in WITHOUT_EVIDENCE)
    assert ("attack/none" in passed) is (name != "ego")
