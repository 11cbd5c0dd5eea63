"""What reading needs to know of the JSON Schema: which objects have fixed keys, which map names.

The schema's own keywords are read for that: ``x-any-case`` (values match in any letter case),
``x-zero-is-value`` and ``x-empty-is-value`` (0 or an empty array is not absence),
``x-unknown-keys`` ("warning": unknown keys are no error), ``x-ignored`` (not looked into).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from ringtaw_schemas import manifest_schema

_KELVIN_AND_LONG_S: Final = str.maketrans({"\u212a": "k", "\u017f": "s"})


def fold(text: str) -> str:
    """Return ``text`` so that what Go's encoding/json takes for the same key becomes equal."""
    return (text if text.isascii() else text.translate(_KELVIN_AND_LONG_S)).lower()


@dataclass(slots=True)
class Shape:
    """How one value of the manifest is read."""

    types: frozenset[str] = frozenset()
    """JSON types it may have; empty if it does not matter."""
    fields: dict[str, tuple[str, Shape]] = field(default_factory=dict)
    """Of an object with fixed keys: canonical key and shape by folded key."""
    entries: Shape | None = None
    """Of an object that maps names: the shape of its values."""
    elements: Shape | None = None
    any_case: Mapping[str, str] = field(default_factory=dict)
    """Canonical by folded values."""
    zero_is_value: bool = False
    empty_is_value: bool = False
    unknown_is_warning: bool = False
    ignored: bool = False


@cache
def manifest_shape() -> Shape:
    """Return the shape of a manifest."""
    schema = manifest_schema()
    return _Compiler(schema["$defs"]).shape(schema)


class _Compiler:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def shape(self, schema: Mapping[str, Any]) -> Shape:
        shape = Shape()
        self._add(shape, schema)
        return shape

    def _add(self, shape: Shape, schema: Mapping[str, Any]) -> None:
        if "$ref" in schema:
            self._add(shape, self._definitions[schema["$ref"].removeprefix("#/$defs/")])
        for alternative in schema.get("anyOf", ()):
            self._add(shape, alternative)
        if "type" in schema:
            shape.types |= {schema["type"]}
        for key, value in schema.get("properties", {}).items():
            shape.fields[fold(key)] = (key, self.shape(value))
        if schema.get("additionalProperties"):
            shape.entries = self.shape(schema["additionalProperties"])
        if "items" in schema:
            shape.elements = self.shape(schema["items"])
        self._add_annotations(shape, schema)

    def _add_annotations(self, shape: Shape, schema: Mapping[str, Any]) -> None:
        if schema.get("x-any-case"):
            shape.any_case = {fold(value): value for value in schema["enum"]}
        shape.zero_is_value |= schema.get("x-zero-is-value", False)
        shape.empty_is_value |= schema.get("x-empty-is-value", False)
        shape.unknown_is_warning |= schema.get("x-unknown-keys") == "warning"
        shape.ignored |= schema.get("x-ignored", False)
