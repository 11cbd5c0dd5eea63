"""Fixtures of the command's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.installed import Workplace, workplace


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    """A folder with no third-party adapter."""
    return workplace(tmp_path)


@pytest.fixture
def kiosk(place: Workplace) -> Workplace:
    """A folder with the third-party adapter ``kiosk`` installed."""
    place.install_kiosk()
    return place
