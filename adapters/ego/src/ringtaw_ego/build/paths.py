"""Paths in the enclave."""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath


def is_below(path: str, folder: str) -> bool:
    """Whether an absolute path is that folder or in it, component by component."""
    return PurePosixPath(normal(path)).is_relative_to(normal(folder))


def normal(path: str) -> str:
    """Return an absolute path without ``.``, ``..`` and doubled slashes."""
    return posixpath.normpath("/" + path.lstrip("/"))
