"""Calls an adapter's hook in a process of its own, inside a stand-in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.standins import call_hook as program
from tests.standins.libos import Device

Answer = dict[str, object]
PROGRAM: Final = Path(program.__file__)


def call_hook(adapter: str, hook: str, argument: str = "", *, device: Device) -> Answer:
    """Return what :mod:`tests.standins.call_hook` prints."""
    command = [sys.executable, str(PROGRAM), adapter, hook, argument]
    ran = subprocess.run(
        command, env=device.environment(), check=True, stdout=subprocess.PIPE, timeout=60
    )
    answer: Answer = json.loads(ran.stdout)
    return answer
