"""Ringtaw adapter: EGo.

It has no runtime side. EGo links its own premain into its runtime and starts it before ``main``; no
Python runs in an EGo enclave. That premain activates at Ringtaw's Coordinator as it is.
"""

from __future__ import annotations

from typing import Final

from ringtaw_premain.hookspecs import API_VERSION, Adapter

ADAPTER: Final = Adapter(
    name="ego",
    summary="EGo",
    api_version=API_VERSION,
    build="ringtaw_ego.build:EgoBuild",
    enforces_ttls=True,
    note=(
        "no runtime hooks: EGo's premain is built into its runtime; start the Marble with "
        "`ego marblerun` and point EDG_MARBLE_COORDINATOR_ADDR at the Coordinator"
    ),
)
