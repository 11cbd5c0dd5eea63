"""The page about the command is what the commands say."""

from __future__ import annotations

from docs.command_line import NOTES, PAGE, render


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == render(), "run: python -m docs.command_line"


def test_every_note_is_about_a_command() -> None:
    page = render()
    assert all(f"### {path}\n" in page and note in page for path, note in NOTES.items())
