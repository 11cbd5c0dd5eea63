"""The umbrella installs exactly what the units declare."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.support.units import PROJECT, UNITS, project_table


def union(key: str) -> dict[str, dict[str, str]]:
    merged: dict[str, dict[str, str]] = {}
    for unit in UNITS:
        for group, entries in project_table(unit).get(key, {}).items():
            merged.setdefault(group, {}).update(entries)
    return merged


def test_every_unit_is_found() -> None:
    names = {project_table(unit)["name"] for unit in UNITS}
    assert {"ringtaw-premain", "ringtaw-coordinator", "ringtaw-schemas"} <= names
    assert {f"ringtaw-adapter-{libos}" for libos in ("gramine", "occlum", "ego")} <= names


def test_dependencies_are_the_union_of_the_units() -> None:
    declared = {
        requirement
        for unit in UNITS
        for requirement in project_table(unit)["dependencies"]
        if not requirement.startswith("ringtaw-")
    }
    assert set(project_table(PROJECT)["dependencies"]) == declared


def test_entry_points_are_the_union_of_the_units() -> None:
    assert project_table(PROJECT)["entry-points"] == union("entry-points")


def test_scripts_are_the_union_of_the_units() -> None:
    scripts: dict[str, str] = {}
    for unit in UNITS:
        scripts.update(project_table(unit).get("scripts", {}))
    assert project_table(PROJECT)["scripts"] == scripts


def test_every_package_is_in_the_umbrella() -> None:
    umbrella = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    packages = {
        str((unit / package).relative_to(PROJECT))
        for unit in UNITS
        for package in tomllib.loads((unit / "pyproject.toml").read_text())["tool"]["hatch"][
            "build"
        ]["targets"]["wheel"]["packages"]
    }
    assert set(umbrella["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == packages


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_agree_with_the_umbrella(unit: Path) -> None:
    umbrella, table = project_table(PROJECT), project_table(unit)
    for key in ("version", "license", "requires-python"):
        assert table[key] == umbrella[key]
    assert list(unit.glob("src/*/py.typed")), "every unit is typed"
