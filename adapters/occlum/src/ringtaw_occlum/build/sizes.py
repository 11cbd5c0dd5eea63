"""Sizes as Occlum.json has them: "32MB".

Source: Occlum, tools/gen_internal_conf/src/main.rs (units are powers of 1024, upper case).
"""

from __future__ import annotations

import re
from typing import Final

MIB: Final = 1 << 20
GIB: Final = 1 << 30

_SIZE: Final = re.compile(r"\s*\+?([0-9]{1,15})\s*(KB|MB|GB|TB|B)\s*")
_UNITS: Final = {"B": 1, "KB": 1 << 10, "MB": MIB, "GB": GIB, "TB": 1 << 40}


def parse_size(text: str | None) -> int | None:
    """Return bytes, or None for what is no size."""
    match = _SIZE.fullmatch(text or "")
    return int(match[1]) * _UNITS[match[2]] if match else None


def megabytes(size: int) -> str:
    """Return a size in whole megabytes, rounded up, as Occlum.json has it."""
    return f"{-(-size // MIB)}MB"
