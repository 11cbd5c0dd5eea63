"""Ringtaw adapter: Gramine (gramine-sgx; gramine-direct in simulation)."""

from __future__ import annotations

from typing import Final

from ringtaw_premain.hookspecs import API_VERSION, Adapter

ADAPTER: Final = Adapter(
    name="gramine",
    summary="Gramine (gramine-sgx; gramine-direct in simulation)",
    api_version=API_VERSION,
    runtime="ringtaw_gramine.runtime:GramineRuntime",
    build="ringtaw_gramine.build:GramineBuild",
)
