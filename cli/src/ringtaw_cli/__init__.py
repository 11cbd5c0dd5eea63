"""The command ``ringtaw``: thin over the other units. Data goes to stdout, all else to stderr."""

from __future__ import annotations

from typing import Final

__version__: Final = "0.1.0"
