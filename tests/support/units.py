"""The units of the project: the folders with a distribution each."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).parents[2]
UNITS: Final = sorted(
    path.parent
    for pattern in ("*/pyproject.toml", "adapters/*/pyproject.toml")
    for path in PROJECT.glob(pattern)
)


def project_table(directory: Path) -> dict[str, Any]:
    """Return the table ``project`` of a unit, or of the umbrella."""
    table = tomllib.loads((directory / "pyproject.toml").read_text())["project"]
    assert isinstance(table, dict)
    return table
