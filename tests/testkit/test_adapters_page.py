"""docs/adapters.md says everything that the contract and the testkit have."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from typing import Any

import pytest
from ringtaw_premain.build_hookspecs import BuildHooks
from ringtaw_premain.hookspecs import Adapter, RuntimeHooks
from ringtaw_testkit import pytest_plugin

from tests.support.documentation import PROJECT

PAGE = (PROJECT / "docs/adapters.md").read_text()
HOOKS: dict[str, Callable[..., Any]] = {
    name: hook
    for side in (RuntimeHooks, BuildHooks)
    for name, hook in vars(side).items()
    if not name.startswith("_")
}


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_section_with_its_signature(name: str) -> None:
    [section] = re.findall(rf"^### {name}\n\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    signature = str(inspect.signature(HOOKS[name])).replace("'", "").removesuffix(" | None")
    assert section.startswith(f"`{name}{signature}`\n")


def test_there_are_no_other_sections() -> None:
    assert re.findall(r"^### (.*)$", PAGE, re.MULTILINE) == list(HOOKS)


@pytest.mark.parametrize("field", [field.name for field in fields(Adapter)])
def test_every_field_of_the_descriptor_is_there(field: str) -> None:
    assert f"| `{field}` |" in PAGE


def test_modules_and_names_of_the_testkit_exist() -> None:
    table = re.findall(r"^\| `(ringtaw_testkit\.[\w.]+)` \| (?:`(\w+)`)?", PAGE, re.MULTILINE)
    assert len(table) >= 8
    for module, name in table:
        assert not name or hasattr(import_module(module), name)


def test_every_fixture_is_there() -> None:
    fixtures = [name for name in vars(pytest_plugin) if name.startswith("ringtaw_")]
    assert len(fixtures) == 3
    assert all(f"`{name}`" in PAGE for name in fixtures)
