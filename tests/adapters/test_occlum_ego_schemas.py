"""The JSON Schemas of Occlum's and EGo's files are schemas, and say what each key is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ringtaw_schemas import libos_schema

NAMES = ("occlum", "copy-bom", "ego")
EXTENSIONS = {"message", "cure", "code", "severity", "secret", "removed", "unknown", "object"}


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from parts(value)
    if isinstance(schema, list):
        for value in schema:
            yield from parts(value)


@pytest.mark.parametrize("name", NAMES)
def test_is_a_json_schema(name: str) -> None:
    schema = libos_schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:ringtaw:schema:libos:{name}"


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_described(name: str) -> None:
    for part in parts(libos_schema(name)):
        properties = part.get("properties")
        if isinstance(properties, dict) and part.get("type") == "object":
            bare = [key for key, value in properties.items() if value.keys() == {"type"}]
            assert bare == []
            assert part.get("additionalProperties") is False


@pytest.mark.parametrize("name", NAMES)
def test_extensions_are_those_that_the_checker_knows(name: str) -> None:
    used = {key for part in parts(libos_schema(name)) for key in part if key.startswith("x-")}
    assert used <= {f"x-{extension}" for extension in EXTENSIONS}


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_valid(name: str) -> None:
    schema = libos_schema(name)
    definitions = {"$defs": schema.get("$defs", {})}
    for part in parts(schema):
        for example in part.get("examples", ()):
            Draft202012Validator({**part, **definitions}).validate(example)
