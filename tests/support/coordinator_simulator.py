"""The Coordinator simulator; it lives in the testkit."""

from __future__ import annotations

from ringtaw_testkit.peers import HOST, ScriptedServer, cut_off
from ringtaw_testkit.simulator import NOTHING, CoordinatorSimulator

__all__ = ["HOST", "NOTHING", "CoordinatorSimulator", "ScriptedServer", "cut_off"]
