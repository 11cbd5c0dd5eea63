"""Keys that an object's schema asks for and that are not there, or that it does not know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def unknown_keys(instance: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return the keys that neither properties nor patternProperties describe."""
    patterns = schema.get("patternProperties", {})
    return [
        key
        for key in instance
        if key not in schema.get("properties", {})
        and not any(re.search(pattern, key) for pattern in patterns)
    ]


def missing_keys(instance: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return the keys that required and dependentRequired ask for and that are not there."""
    wanted = list(schema.get("required", ()))
    for key, others in schema.get("dependentRequired", {}).items():
        if key in instance:
            wanted.extend(others)
    return [key for key in wanted if key not in instance]
