"""Ringtaw adapter: plain Linux without attestation, for development."""

from __future__ import annotations

from typing import Final

from ringtaw_premain.hookspecs import API_VERSION, Adapter

ADAPTER: Final = Adapter(
    name="simulation",
    summary="plain Linux without attestation, for development",
    api_version=API_VERSION,
    runtime="ringtaw_simulation.runtime:SimulationRuntime",
    note="plain Linux binds no key to a program, and has no image to prepare",
)
