"""Finds entry points of one group in installed distributions, and reads nothing else.

importlib.metadata does the same and costs more to load than the whole premain may take. The format
is the `entry points specification
<https://packaging.python.org/en/latest/specifications/entry-points/>`_, the layout that of
installed projects (PEP 376): ``<name>-<version>.dist-info/entry_points.txt``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

_SUFFIX: Final = ".dist-info"
_FILE: Final = "entry_points.txt"


class EntryPoint(NamedTuple):
    """A name, the ``module:attribute`` it stands for, and the distribution that declares it."""

    name: str
    reference: str
    distribution: str


def entry_points(group: str, search_path: Iterable[str]) -> Iterator[EntryPoint]:
    """Yield the group's entry points; of two copies of a distribution the first one counts."""
    seen: set[str] = set()
    for directory in search_path:
        for name in _distributions(directory or os.curdir):
            project = name.partition("-")[0].lower().replace(".", "_")
            if project not in seen:
                seen.add(project)
                path = os.path.join(directory, name, _FILE)
                yield from _declared(group, _content(path), name.removesuffix(_SUFFIX))


def _distributions(directory: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(directory) if name.endswith(_SUFFIX))
    except OSError:
        return []


def _content(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _declared(group: str, content: str, distribution: str) -> Iterator[EntryPoint]:
    section = ""
    for line in map(str.strip, content.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
        elif section == group and line and line[0] not in "#;":
            name, _, reference = line.partition("=")
            yield EntryPoint(name.strip(), reference.strip(), distribution)
