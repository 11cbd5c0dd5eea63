"""Ringtaw adapter: plain Linux with a software TEE's evidence, for tests and development."""

from __future__ import annotations

from typing import Final

from ringtaw_premain.hookspecs import API_VERSION, Adapter

ADAPTER: Final = Adapter(
    name="softtee",
    summary="plain Linux with evidence of a software TEE, for tests and development",
    api_version=API_VERSION,
    runtime="ringtaw_softtee.runtime:SoftteeRuntime",
    note="a software TEE has no images to prepare: python -m ringtaw_softtee --help",
    warning="the evidence is a software TEE's: no hardware protects anything here",
)
