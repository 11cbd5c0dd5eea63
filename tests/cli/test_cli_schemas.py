"""The JSON Schemas of what commands print are schemas, versioned, and strict."""

from __future__ import annotations

from importlib import resources

import pytest
from jsonschema import Draft202012Validator
from ringtaw_cli.output import FORMAT_VERSION
from ringtaw_schemas import cli_schema

FILES = resources.files("ringtaw_schemas").joinpath("cli").iterdir()
NAMES = sorted(file.name.removesuffix(".schema.json") for file in FILES)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_says_the_version(name: str) -> None:
    schema = cli_schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["version"] == {"const": FORMAT_VERSION}
    assert {"version"} < set(schema["required"]) <= schema["properties"].keys()
    assert schema["additionalProperties"] is False
