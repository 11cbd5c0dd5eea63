"""Occlum: files that are no configuration at all are one clear finding or error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ringtaw_occlum.build import OcclumBuild
from ringtaw_premain.build_hookspecs import Severity, ValidateRequest
from ringtaw_premain.errors import PlatformError

from tests.support.occlum_deployment import CONFIG, MANIFEST, Case


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "must be an object"),
        ("null", "must be an object"),
        ("", "found the end of the file"),
        ("\x00\x01", "expected a value"),
        ("{" * 1000, ""),
        ("[" * 100_000, "levels deep"),
    ],
)
def test_garbage_is_one_finding(case: Case, text: str, problem: str) -> None:
    case.text = text or " "
    (finding,) = case.findings()
    assert problem in finding.message
    assert finding.severity is Severity.ERROR


def test_keys_of_other_types_are_no_crash(case: Case) -> None:
    values: tuple[object, ...] = (None, 1, "text", [], [[]], {}, {"a": None}, True, 1.5)
    for value in values:
        for key in CONFIG:
            case.text = json.dumps({**CONFIG, key: value})
            assert all(finding.message for finding in case.findings())


def test_manifest_of_other_types_is_no_crash(case: Case) -> None:
    values: tuple[object, ...] = (None, 1, "a", [], [[]], {"hello": 1}, {"hello": {"Package": 1}})
    for value in values:
        for key in ("Packages", "Marbles"):
            case.manifest = {**MANIFEST, key: value}
            case.findings()


@pytest.mark.parametrize("name", ["absent.json", "folder", "binary.json", "large.json"])
def test_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary.json").write_bytes(b"\x80\xff")
    with (tmp_path / "large.json").open("wb") as large:
        large.truncate(17 << 20)
    with pytest.raises(PlatformError, match=name):
        OcclumBuild().validate_config(ValidateRequest(str(tmp_path / name)))


@pytest.mark.parametrize(
    "text",
    [
        "targets: &a\n  - target: /bin\n    copy: *a\n",
        "targets:\n- target: /bin\n---\ntargets: []\n",
        "targets:\n" + "- [" * 5000,
        "targets:\n  - target: !!python/object:os.system x\n    target: y\n",
        "targets:\n- target: &a b\n  mkdirs: [&a c]\n",
        "targets:\n\t- target: /bin\n",
    ],
)
def test_copy_bom_file_that_is_no_plain_yaml(case: Case, text: str) -> None:
    case.write("hello.yaml", text)
    (finding,) = [found for found in case.findings() if found.file.endswith(".yaml")]
    assert finding.code == "syntax"
