"""The manifest reference is what the schema says, and its example works."""

from __future__ import annotations

import json

from ringtaw_schemas import manifest_schema

from docs.manifest_reference import EXAMPLE, PAGE, render
from tests.manifest.samples import accepted


def test_page_is_up_to_date() -> None:
    assert PAGE.read_text() == render(), "run: python -m docs.manifest_reference"


def test_every_field_is_on_the_page() -> None:
    page = PAGE.read_text()
    schema = manifest_schema()
    for described in (schema, *schema["$defs"].values()):
        for key in described.get("properties", {}):
            assert f"## {key}\n" in page or f"`{key}`" in page, key


def test_example_is_accepted_and_on_the_page() -> None:
    accepted(json.loads(json.dumps(EXAMPLE)))
    assert json.dumps(EXAMPLE, indent=2) in PAGE.read_text()
