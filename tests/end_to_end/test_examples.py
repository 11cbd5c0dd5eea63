"""Every example is complete, and its files are what the tools ask for."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from ringtaw_cli.program import run as ringtaw
from ringtaw_coordinator.manifest.load import load_manifest

from tests.support.documentation import PROJECT
from tests.support.examples import EXAMPLES, PAGE, Example, copy_example, examples

ALL = pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
DEFINITIONS = ("-Darch_libdir=/lib/x86_64-linux-gnu", "-Dinterpreter=/usr/bin/python3.11")
PINNED = re.compile(r"[\w./-]+:(?!latest)[\w.-]+")


def test_each_folder_but_the_demo_is_an_example() -> None:
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    assert folders - {"demo", "__pycache__"} == {example.name for example in examples()}
    assert {example.adapter for example in examples()} == {"gramine", "occlum", "ego"}


@ALL
def test_it_is_complete(example: Example) -> None:
    assert {PAGE, "Dockerfile", "manifest.json"} <= {path.name for path in example.folder.iterdir()}
    assert example.marbles(), f"no Marble is of package {example.package}"


@ALL
def test_the_coordinator_takes_its_manifest(example: Example) -> None:
    assert load_manifest(example.manifest.read_bytes()).warnings == ()


@ALL
def test_what_is_to_be_replaced_is_obvious(example: Example) -> None:
    packages = json.loads(example.manifest.read_text())["Packages"]
    assert {package["SignerID"] for package in packages.values()} == {"0" * 64}
    assert not [name for name, package in packages.items() if package.get("Debug")]


@ALL
def test_nothing_is_wrong_with_it(example: Example, capfd: pytest.CaptureFixture[str]) -> None:
    definitions = DEFINITIONS if example.adapter == "gramine" else ()
    for marble in example.marbles():
        what = ("--manifest", str(example.manifest), "--marble", marble)
        config = str(example.folder / example.config)
        code = ringtaw([example.adapter, "check", "--format", "json", *what, *definitions, config])
        findings = json.loads(capfd.readouterr().out)["findings"]
        # Before it is built there is no executable, which EGo's check mentions.
        assert [each for each in findings if each["code"] != "not-built"] == []
        assert code == 0


@ALL
def test_the_premain_is_in_it(
    example: Example, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / example.name
    copy_example(example.folder, folder, {})
    (folder / "premain/lib/python3.11").mkdir(parents=True)  # what Occlum's files are for
    assert ringtaw([example.adapter, "prepare", str(folder / example.config)]) == 0
    assert "nothing to change" in capfd.readouterr().err


@ALL
def test_its_image_can_be_built(example: Example) -> None:
    """Not a build: what a build would stumble over, or leave in the image."""
    lines = instructions(example.folder / "Dockerfile")
    stages = {line[3] for line in lines if line[0] == "FROM" and len(line) > 3}
    bases = [line[1] for line in lines if line[0] == "FROM"]
    assert len(bases) > 1
    assert all(base in stages or PINNED.fullmatch(base) for base in bases), bases
    text = (example.folder / "Dockerfile").read_text()
    context = PROJECT if "--file" in text else example.folder
    for line in lines:
        if line[0] == "COPY" and not line[1].startswith("--from"):
            assert not [name for name in line[1:-1] if not (context / name).exists()]
    assert "--mount=type=secret,id=signing-key" in text
    assert not re.search(r"^(COPY|ADD).*\.pem|^ARG .*(KEY|SECRET)", text, re.MULTILINE)


def instructions(dockerfile: Path) -> list[list[str]]:
    lines = re.sub(r"^#.*\n", "", dockerfile.read_text(), flags=re.MULTILINE)
    joined = lines.replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in joined if line.strip()]
