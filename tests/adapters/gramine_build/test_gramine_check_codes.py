"""Every kind of finding: a manifest that has it, beside a good one that has none."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringtaw_gramine.build.check import validate
from ringtaw_gramine.build.kinds import KINDS
from ringtaw_premain.build_hookspecs import Finding, ValidateRequest

from tests.adapters.gramine_build.gramine_check_cases import (
    CASES,
    GOOD,
    MARBLERUN,
    Case,
    coordinator_manifest,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
def test_the_mistake_is_found(case: Case, tmp_path: Path) -> None:
    text = _text(case)
    found = _findings(tmp_path, text, case)
    assert {finding.code for finding in found} == {case.code, *case.also}
    finding = next(finding for finding in found if finding.code == case.code)
    assert finding.severity.value == (case.severity or KINDS[case.code].severity.value)
    assert case.says in f"{finding.message} {finding.cure}"
    assert finding.cure
    if case.at:
        assert case.at in text.splitlines()[(finding.line or 0) - 1]


def test_every_code_is_tested() -> None:
    assert {case.code for case in CASES} == set(KINDS)


@pytest.mark.parametrize("edits", [(), MARBLERUN], ids=["ours", "MarbleRun's"])
@pytest.mark.parametrize("name", ["hello.manifest", "hello.manifest.sgx", "manifest.template"])
def test_a_good_manifest_has_no_finding(
    edits: tuple[tuple[str, str], ...], name: str, tmp_path: Path
) -> None:
    good = Case("", edits, manifest=coordinator_manifest(), name=name)
    assert _findings(tmp_path, _text(good), good) == []


def test_of_several_marbles_the_one_that_fits_counts(tmp_path: Path) -> None:
    manifest = coordinator_manifest()
    other = manifest["Marbles"]["hello"] | {"TLS": ["tag"]}
    manifest["Marbles"] = {"other": other} | manifest["Marbles"]
    case = Case("", manifest=manifest)
    assert _findings(tmp_path, _text(case), case) == []
    named = Case("", manifest=manifest, marble="other")
    assert [finding.code for finding in _findings(tmp_path, _text(named), named)] == ["ttls"]


def test_a_path_with_a_space_is_no_command_line(tmp_path: Path) -> None:
    text = GOOD
    for old, new in (*MARBLERUN, ("app/hello", "app/my hello")):
        text = text.replace(old, new)
    assert _findings(tmp_path, text, Case("")) == []


def test_findings_come_in_the_order_of_lines(tmp_path: Path) -> None:
    case = Case("", add="sgx.debug = true\nsgx.thread_num = 1\n", name="x.manifest")
    text = _text(case).replace('"error"', '"all"')
    lines = [finding.line for finding in _findings(tmp_path, text, case)]
    assert len(lines) == 3
    assert lines == sorted(lines, key=lambda line: line or 0)


def test_a_good_image_has_no_finding(tmp_path: Path) -> None:
    pyc = b"\xa7\r\r\n" + (1).to_bytes(4, "little") + bytes(8)
    files = {
        "app/hello": b"\x7fELF",
        "premain/bin/python3": b"\x7fELF",
        "premain/lib/ringtaw_premain/a.py": b"",
        "premain/lib/ringtaw_premain/__pycache__/a.cpython-311.pyc": pyc,
    }
    case = Case("", files=files)
    assert _findings(tmp_path, _text(case), case) == []


def _text(case: Case) -> str:
    text = GOOD
    for old, new in case.edits:
        assert old in text, old
        text = text.replace(old, new)
    return text + case.add


def _findings(folder: Path, text: str, case: Case) -> list[Finding]:
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if case.executable else 0o644)
    config = folder / case.name
    config.write_text(text)
    return validate(ValidateRequest(str(config), case.manifest, case.marble))
