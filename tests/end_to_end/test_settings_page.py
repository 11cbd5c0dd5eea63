"""The settings' page is what the code says."""

from __future__ import annotations

from docs.settings_page import PAGE, render


def test_page_is_up_to_date() -> None:
    assert PAGE.read_text() == render(), "run: python -m docs.settings_page"
