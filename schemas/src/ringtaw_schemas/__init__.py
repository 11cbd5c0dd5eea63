"""The formats others build on: the manifest's JSON Schema and the mesh API. Data, no logic."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the manifest, read anew at each call."""
    text = resources.files(__name__).joinpath("manifest.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
