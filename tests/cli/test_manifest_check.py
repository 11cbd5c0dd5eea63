"""``ringtaw manifest check``: what the Coordinator says, with the lines of the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ringtaw_cli.exits import ExitCode
from ringtaw_schemas import cli_schema

from tests.cli.installed import Workplace
from tests.support.deployments import manifest

WRONG = """\
{
  "Packages": { "frontend": { "UniqueID": "aa", "Debg": true } },
  "Marbles": {
    "web": {
      "Package": "frontnd",
      "Parameters": { "Env": { "A": "{{ hex .Secrets.nothing }}" } }
    }
  }
}
"""


def test_a_good_manifest(place: Workplace) -> None:
    (place.folder / "good.json").write_bytes(manifest())
    done = place.run("manifest", "check", "good.json")
    assert (done.returncode, done.stdout) == (ExitCode.OK, "")
    assert "0 errors, 0 warnings in 1 file" in done.stderr


def test_everything_that_is_wrong_has_its_line_and_the_nearest_name(place: Workplace) -> None:
    place.write("wrong.json", WRONG)
    done = place.run("manifest", "check", "wrong.json")
    assert done.returncode == ExitCode.POLICY_MISMATCH
    lines = done.stdout.splitlines()
    assert (
        'wrong.json:2: error[manifest]: /Packages/frontend/Debg: "Debg" is not known here' in lines
    )
    assert '    did you mean "Debug"?' in lines
    assert '    did you mean "frontend"?' in lines
    assert any(
        line.startswith("wrong.json:5: error[manifest]: /Marbles/web/Package") for line in lines
    )
    assert any(line.startswith("wrong.json:6: error[manifest]: ") for line in lines)


def test_json_keeps_the_schema_of_findings(place: Workplace) -> None:
    place.write("wrong.json", WRONG)
    document = json.loads(place.run("manifest", "check", "--format=json", "wrong.json").stdout)
    Draft202012Validator(cli_schema("findings")).validate(document)
    assert {each["line"] for each in document["findings"]} == {2, 5, 6}


@pytest.mark.parametrize(
    ("content", "place_of_it"),
    [
        (b"{,}", "bad.json:1: error[syntax]"),
        (b'{\n"Packages": {},\n"Packages": {}\n}', "bad.json:3: error[syntax]"),
        (b'{\n"\xff": 1}', "bad.json:2: error[syntax]"),
        (b"[]", "bad.json:"),
    ],
)
def test_what_is_no_manifest_at_all(place: Workplace, content: bytes, place_of_it: str) -> None:
    (place.folder / "bad.json").write_bytes(content)
    done = place.run("manifest", "check", "bad.json")
    assert done.returncode == ExitCode.POLICY_MISMATCH
    assert done.stdout.startswith(place_of_it)


def test_warnings_fail_if_that_is_wanted(place: Workplace) -> None:
    document = json.loads(manifest())
    document["Packages"]["unused"] = {"UniqueID": "bb" * 32, "Debug": True}
    (place.folder / "odd.json").write_text(json.dumps(document))
    first = place.run("manifest", "check", "odd.json", "--format", "json")
    strict = place.run("manifest", "check", "odd.json", "--strict")
    warned = json.loads(first.stdout)["warnings"]
    assert first.returncode == ExitCode.OK
    assert strict.returncode == (ExitCode.POLICY_MISMATCH if warned else ExitCode.OK)


def test_yaml_and_stdin(place: Workplace, tmp_path: Path) -> None:
    text = "Packages:\n  a: {UniqueID: zz}\nMarbles:\n  m: {Package: a}\n"
    place.write("manifest.yaml", text)
    done = place.run("manifest", "check", "manifest.yaml")
    assert "manifest.yaml: error[manifest]: /Packages/a/UniqueID" in done.stdout
    piped = place.run("manifest", "check", "-", stdin=manifest().decode())
    assert piped.returncode == ExitCode.OK


def test_without_the_coordinator_it_says_what_was_not_checked(place: Workplace) -> None:
    hide = "import sys\nsys.modules['ringtaw_coordinator'] = None\n"
    (place.site / "sitecustomize.py").write_text(hide)
    place.write("wrong.json", WRONG)
    done = place.run("manifest", "check", "wrong.json")
    assert done.returncode == ExitCode.POLICY_MISMATCH
    assert "Debg" in done.stdout
    assert "frontnd" not in done.stdout
    assert "the Coordinator is not installed here" in done.stderr
    for arguments in (("manifest", "diff", "wrong.json", "wrong.json"), ("demo",)):
        other = place.run(*arguments)
        assert (other.returncode, other.stdout) == (ExitCode.FAILED, "")
        assert "pip install ringtaw-coordinator" in other.stderr
    assert place.run("doctor", "--offline").returncode in (0, 1)
