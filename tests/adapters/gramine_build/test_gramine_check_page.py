"""The page that documents the findings."""

from __future__ import annotations

from ringtaw_buildkit.subject import GENERAL
from ringtaw_gramine.build.kinds import KINDS

from docs.gramine_check_page import PAGE, render


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == render(), "run: python -m docs.gramine_check_page"


def test_every_code_is_on_the_page() -> None:
    page = PAGE.read_text()
    assert [code for code in KINDS if f"| `{code}` |" not in page] == []


def test_the_codes_of_reading_and_schema_are_in_the_table() -> None:
    assert set(GENERAL) <= set(KINDS)


def test_every_code_says_what_to_do() -> None:
    assert all(kind.meaning.endswith(".") and kind.cure.endswith(".") for kind in KINDS.values())
