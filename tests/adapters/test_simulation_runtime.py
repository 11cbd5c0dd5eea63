"""Simulation: nothing is attested."""

from __future__ import annotations

from ringtaw_premain.hookspecs import LaunchRequest, LaunchSpec
from ringtaw_simulation.runtime import SimulationRuntime


def test_is_never_detected() -> None:
    assert SimulationRuntime().detect() is False


def test_evidence_is_empty() -> None:
    assert SimulationRuntime().issue_evidence(bytes(64)) == b""


def test_launches_as_on_linux() -> None:
    request = LaunchRequest(("named", "-v"), {"A": "1"}, ("python3",), ("/bin/sh",))
    spec = SimulationRuntime().launch_spec(request)
    assert spec == LaunchSpec("/bin/sh", ("named", "-v"), {"A": "1"})
