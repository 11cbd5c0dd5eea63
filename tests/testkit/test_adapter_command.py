"""The command ``ringtaw adapter``: exit codes, formats, lists of expected failures, harnesses."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.testkit.mutants import declare

SCHEMA = json.loads(
    (files("ringtaw_schemas") / "testkit/conformance-report.schema.json").read_text()
)
BROKEN_BUILD = """
from ringtaw_premain.hookspecs import Adapter, hookimpl

class Build:
    @hookimpl
    def validate_config(self, request):
        return None

ADAPTER = Adapter("toy", "a toy", 1, build="toy_adapter:Build", note="nothing to run")
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A directory with an adapter that has little and does that wrong."""
    (tmp_path / "toy_adapter.py").write_text(BROKEN_BUILD)
    declare(tmp_path, "toy", "toy_adapter:ADAPTER")
    return tmp_path


def ringtaw(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ringtaw_cli", "adapter", *arguments],
        cwd=directory,
        env={"PYTHONPATH": str(directory), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    Draft202012Validator(SCHEMA).validate(report)
    return {case["name"]: case["outcome"] for case in report["cases"]}


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_failures_have_their_exit_code(toy: Path) -> None:
    done = ringtaw(toy, "check", "toy", "--report", "report.json")
    assert done.returncode == 11, done.stderr
    assert "FAIL  build/survives-bad-configurations" in done.stdout
    assert "Demanded: " in done.stdout
    assert "Why: " in done.stdout
    report = json.loads((toy / "report.json").read_text())
    found = outcomes(report)
    assert found["build/survives-bad-configurations"] == "failed"
    assert found["descriptor/loads"] == "passed"
    assert found["attack/none"] == "skipped"
    assert (report["passed"], report["harness"], report["runtimeImport"]) == (False, "", None)


def test_the_report_on_standard_output(toy: Path) -> None:
    done = ringtaw(toy, "check", "toy", "--side", "build", "--format", "json")
    report = json.loads(done.stdout)
    assert {case["side"] for case in report["cases"]} == {"build"}
    counted = sum(report["counts"].values())
    assert counted == len(outcomes(report))


def test_one_subject_alone(toy: Path) -> None:
    done = ringtaw(toy, "check", "toy", "--only", "descriptor", "--format", "json")
    assert {name.partition("/")[0] for name in outcomes(json.loads(done.stdout))} == {"descriptor"}


def test_expected_failures(toy: Path) -> None:
    listed = toy / "expected.toml"
    failed = json.loads(ringtaw(toy, "check", "toy", "--format", "json").stdout)
    names = [name for name, outcome in outcomes(failed).items() if outcome == "failed"]
    listed.write_text("".join(f'"{name}" = "it is a toy"\n' for name in names))
    done = ringtaw(toy, "check", "toy", "--expected-failures", "expected.toml", "--format", "json")
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout)
    assert report["counts"]["expected-failure"] == len(names) > 0
    assert {case["reason"] for case in report["cases"]} == {"", "it is a toy"}


def test_an_expected_failure_that_passes(toy: Path) -> None:
    table = '[tool.ringtaw.check.toy]\nexpected-failures = "expected.toml"\n'
    (toy / "pyproject.toml").write_text(table)
    (toy / "expected.toml").write_text('"descriptor/loads" = "it used to fail"\n')
    done = ringtaw(toy, "check", "toy", "--side", "runtime")
    assert done.returncode == 11
    assert "take it off the list. It was expected to fail: it used to fail" in done.stdout


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('"no/such-case" = "x"', "there is no case 'no/such-case'"),
        ('"descriptor/loads" = ""', "descriptor/loads has no reason"),
        ('"descriptor/loads" = true', "descriptor/loads has no reason"),
        ("not toml", "cannot read"),
    ],
)
def test_a_list_that_is_none(toy: Path, content: str, told: str) -> None:
    (toy / "expected.toml").write_text(content)
    done = ringtaw(toy, "check", "toy", "--expected-failures", "expected.toml")
    assert done.returncode == 2
    assert told in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check", "absent"], "there is no adapter 'absent'; installed: "),
        (["check", "toy", "--harness", "absent:Harness"], "cannot load the harness"),
        (["check", "toy", "--harness", "json:JSONDecoder"], "derive it from"),
        (["check", "toy", "--harness", "absent.py:Harness"], "FileNotFoundError"),
        (["check", "toy", "--only", "x"], "there is no subject 'x'; there is descriptor, runtime"),
        (["try", "toy"], "nobody says how to get inside its runtime here"),
        (["new", "Toy"], "cannot be the name of an adapter"),
        (["new", "toy"], "is installed already, by toy-1.0"),
        (["new", "other", "--directory", "toy-1.0.dist-info"], "exists already"),
    ],
)
def test_wrong_usage(toy: Path, arguments: list[str], told: str) -> None:
    done = ringtaw(toy, *arguments)
    assert done.returncode == 2
    assert told in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_without_the_testkit(tmp_path: Path) -> None:
    script = (
        "import importlib.util, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if 'testkit' in name else find(name)\n"
        "from ringtaw_cli.program import run\n"
        "sys.exit(run(['adapter', 'check', 'gramine']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pip install ringtaw-testkit" in done.stderr
