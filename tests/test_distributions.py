"""What users install: each unit's wheel and source archive are complete, and hold nothing else."""

from __future__ import annotations

import email
import re
import shlex
import tarfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from tests.support.units import PROJECT, UNITS, project_table

INSTALLATION = re.compile(r"^pip install (?:.*\\\n)*.*", re.MULTILINE)


def source_files(unit: Path) -> set[str]:
    """Return the files of a unit's package as they are called in its wheel."""
    source = unit / "src"
    files = (path for path in source.rglob("*") if path.is_file())
    return {str(path.relative_to(source)) for path in files if path.suffix != ".pyc"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_wheel_is_the_package_with_its_licence(unit: Path, tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(unit)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (described,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(described))
        licence = archive.read(described.replace("METADATA", "licenses/LICENSE"))
    assert {name for name in names if ".dist-info/" not in name} == source_files(unit)
    assert licence == (PROJECT / "LICENSE").read_bytes()
    assert_is_described(metadata, unit)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_source_archive_is_enough_to_build_the_wheel(unit: Path, tmp_path: Path) -> None:
    (built,) = SdistBuilder(str(unit)).build(directory=str(tmp_path), versions=["standard"])
    with tarfile.open(built) as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked = Path(built.removesuffix(".tar.gz"))
    assert {path.name for path in unpacked.iterdir()} - {".gitignore"} == {
        *("LICENSE", "PKG-INFO", "README.md", "pyproject.toml", "src")
    }
    assert source_files(unpacked) == source_files(unit)


def assert_is_described(metadata: Message, unit: Path) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload() == (unit / "README.md").read_text()


def installations() -> Iterator[tuple[Path, list[str]]]:
    """Yield the commands by which the units' own pages tell to install them."""
    for unit in UNITS:
        for command in INSTALLATION.findall((unit / "README.md").read_text()):
            yield unit, shlex.split(command.replace("\\\n", " "))[2:]


@pytest.mark.parametrize(("unit", "folders"), list(installations()))
def test_no_unit_is_missing_from_a_command_that_installs(unit: Path, folders: list[str]) -> None:
    needed = {name for folder in folders for name in required(*folder.partition("[")[::2])}
    installed = {project_table(PROJECT / folder.partition("[")[0])["name"] for folder in folders}
    assert needed <= installed
    assert project_table(unit)["name"] in installed


def required(folder: str, extra: str) -> list[str]:
    """Return the units that one unit requires, also by an extra if one is named."""
    table = project_table(PROJECT / folder)
    requirements: list[str] = [*table["dependencies"]]
    if extra:
        requirements += table["optional-dependencies"][extra.removesuffix("]")]
    return [item.partition("==")[0] for item in requirements if item.startswith("ringtaw-")]


def test_every_unit_says_how_it_is_installed() -> None:
    assert {unit for unit, _ in installations()} == set(UNITS)
