"""The testkit never goes into an enclave: nothing that does imports it."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
UNITS = ["premain", *(f"adapters/{path.name}" for path in (PROJECT / "adapters").iterdir())]
MAY_NOT = [*UNITS, "attestation", "schemas", "coordinator", "buildkit", "client"]


def imported(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("unit", sorted(set(MAY_NOT)))
def test_nobody_imports_the_testkit(unit: str) -> None:
    sources = sorted((PROJECT / unit / "src").rglob("*.py"))
    assert sources
    blamed = [
        str(source)
        for source in sources
        if any(name.partition(".")[0] == "ringtaw_testkit" for name in imported(source))
    ]
    assert blamed == []
    project = tomllib.loads((PROJECT / unit / "pyproject.toml").read_text())["project"]
    everything = [*project["dependencies"], *project.get("optional-dependencies", {}).values()]
    assert "ringtaw-testkit" not in str(everything)


def test_the_command_needs_it_only_for_adapters() -> None:
    """And imports it where it is used, so that it may be missing."""
    for source in sorted((PROJECT / "cli/src").rglob("*.py")):
        tree = ast.parse(source.read_text())
        at_once = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = [getattr(node, "module", "") or "" for node in at_once]
        assert not [name for name in names if name.startswith("ringtaw_testkit")], source


def test_the_testkit_imports_no_command() -> None:
    for source in sorted((PROJECT / "testkit/src").rglob("*.py")):
        assert not [name for name in imported(source) if name.startswith("ringtaw_cli")], source
