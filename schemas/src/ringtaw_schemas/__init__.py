"""The formats others build on: JSON Schemas and the mesh API. Data, no logic.

The schemas are those of the manifest, of each libOS's own configuration, and of what the command
``ringtaw`` prints as JSON.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the manifest, read anew at each call."""
    return _read("manifest.schema.json")


def libos_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a libOS configuration, read anew at each call.

    ``name`` is that of the adapter: ``"gramine"`` for the data of a Gramine manifest (TOML).

    Raises:
        FileNotFoundError: There is no schema of that name.
    """
    return _read(f"libos/{name}.schema.json")


def cli_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what a command prints with ``--format json``.

    ``name`` is that of the data: ``"findings"``, ``"package-properties"``, ``"plugins"``.

    Raises:
        FileNotFoundError: There is no schema of that name.
    """
    return _read(f"cli/{name}.schema.json")


def _read(path: str) -> dict[str, Any]:
    text = resources.files(__name__).joinpath(path).read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
