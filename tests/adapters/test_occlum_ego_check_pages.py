"""The pages that document the findings on Occlum's and EGo's configurations."""

from __future__ import annotations

from types import ModuleType

import pytest
from ringtaw_buildkit.subject import GENERAL
from ringtaw_ego.build.codes import KINDS as EGO
from ringtaw_occlum.build.codes import KINDS as OCCLUM

from docs import ego_check_page, occlum_check_page


@pytest.mark.parametrize("page", [occlum_check_page, ego_check_page])
def test_page_is_up_to_date(page: ModuleType) -> None:
    assert page.PAGE.read_text() == page.render(), f"run: python -m {page.__name__}"


@pytest.mark.parametrize(("page", "kinds"), [(occlum_check_page, OCCLUM), (ego_check_page, EGO)])
def test_every_code_is_on_the_page(page: ModuleType, kinds: dict[str, object]) -> None:
    text = page.PAGE.read_text()
    assert [code for code in kinds if f"| `{code}` |" not in text] == []


def test_codes_of_reading_and_schema_are_among_them() -> None:
    assert set(GENERAL) <= set(OCCLUM)
    assert set(GENERAL) - {"removed-key"} <= set(EGO)
