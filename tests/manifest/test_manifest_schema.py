"""The JSON Schema itself: valid, described, and true to what the loader accepts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ringtaw_schemas import manifest_schema

from tests.manifest.samples import complete, minimal

SCHEMA = manifest_schema()
READING = {"x-any-case", "x-zero-is-value", "x-empty-is-value", "x-unknown-keys", "x-ignored"}


def subschemas(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema that describes a property or a definition."""
    if not isinstance(schema, dict):
        return
    for key in ("properties", "$defs"):
        for name, child in schema.get(key, {}).items():
            yield f"{path}/{name}", child
            yield from subschemas(child, f"{path}/{name}")
    for key in ("items", "additionalProperties"):
        yield from subschemas(schema.get(key), path)


def test_is_valid_and_identified() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$id"].startswith("urn:ringtaw:")


def test_everything_has_a_title_and_a_description() -> None:
    for path, schema in subschemas(SCHEMA):
        described = SCHEMA["$defs"][schema["$ref"].split("/")[-1]] if "$ref" in schema else {}
        described = described | schema
        assert described.get("title"), path
        assert described.get("description", "").endswith("."), path
        assert "`" not in described["description"], f"{path}: editors show it as plain text"


def test_objects_are_closed() -> None:
    for path, schema in subschemas(SCHEMA):
        if schema.get("type") == "object":
            assert "additionalProperties" in schema, path


def test_defaults_and_examples_are_valid() -> None:
    validator = Draft202012Validator(SCHEMA)
    for path, schema in subschemas(SCHEMA):
        values = [
            *schema.get("examples", []),
            *([schema["default"]] if "default" in schema else []),
        ]
        for value in values:
            assert validator.evolve(schema=schema).is_valid(value), f"{path}: {value}"


def test_own_keywords_are_known() -> None:
    used = {key for _, schema in subschemas(SCHEMA) for key in schema if key.startswith("x-")}
    used |= {"x-any-case"}  # on elements of arrays
    assert used == READING


@pytest.mark.parametrize("manifest", [minimal(), complete()], ids=["minimal", "complete"])
def test_canonical_manifests_are_valid_by_any_validator(manifest: dict[str, Any]) -> None:
    if "server" in manifest["Marbles"]:
        manifest["Marbles"]["server"]["Parameters"]["Files"]["/etc/cert.pem"]["Encoding"] = "hex"
        manifest["Roles"]["secrets"]["Actions"] = ["ReadSecret", "WriteSecret"]
        manifest["Roles"]["all"]["Actions"] = ["UpdateManifest"]
        manifest["Config"]["FeatureGates"] = ["SignQuoteEndpoint"]
    assert list(Draft202012Validator(SCHEMA).iter_errors(manifest)) == []


def test_reading_twice_gives_independent_copies() -> None:
    manifest_schema()["properties"].clear()
    assert manifest_schema()["properties"]
