"""Where a module's file is, found without importing it, and the hash of what it holds."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from hashlib import sha256
from importlib.machinery import PathFinder
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ModuleFile:
    """A module's source file."""

    module: str
    path: str
    sha256: str


def module_file(module: str) -> ModuleFile | None:
    """Return the file of a module, imported or not; None if it has none that can be read."""
    path = _loaded(module) or _found(module)
    try:
        content = Path(path).read_bytes() if path else None
    except OSError:
        return None
    return None if content is None else ModuleFile(module, path, sha256(content).hexdigest())


def _loaded(module: str) -> str:
    return getattr(sys.modules.get(module), "__file__", None) or ""


def _found(module: str) -> str:
    """Walk down the packages as import does, reading directories only."""
    path: list[str] | None = None
    origin = ""
    name = ""
    for part in module.split("."):
        name = f"{name}.{part}".lstrip(".")
        spec = PathFinder.find_spec(name, path)
        if spec is None:
            return ""
        path = list(spec.submodule_search_locations or ())
        origin = spec.origin or ""
    return origin
