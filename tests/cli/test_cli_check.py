"""``ringtaw ADAPTER check``, with a third party's adapter."""

from __future__ import annotations

import json

import jsonschema
import pytest
from ringtaw_cli.exits import ExitCode
from ringtaw_schemas import cli_schema

from tests.cli.installed import Workplace

BAD = """\
threads = 0
entrypiont = "app"
debug = true
"""
WARNED = 'entrypoint = "app"\ndebug = true\n'


def test_findings_are_lines_with_a_cure_and_the_summary_is_apart(kiosk: Workplace) -> None:
    kiosk.write("kiosk.toml", BAD)
    done = kiosk.run("kiosk", "check", "kiosk.toml")
    assert done.returncode == ExitCode.POLICY_MISMATCH
    assert done.stdout == (
        "kiosk.toml:1: error[wrong-value]: threads: must be at least 1, is 0\n"
        "    change the value\n"
        "kiosk.toml:2: error[unknown-key]: entrypiont: "
        'unknown key "entrypiont"; did you mean "entrypoint"?\n'
        "    correct its name or remove it\n"
        "kiosk.toml:3: warning[wrong-value]: debug: must be false, is true\n"
        "    remove it in production\n"
        'kiosk.toml: error[missing-key]: entrypoint: key "entrypoint" is missing\n'
        "    name the program to start\n"
    )
    assert done.stderr == "3 errors, 1 warning in 1 file\n"


def test_warnings_fail_only_where_it_is_strict(kiosk: Workplace) -> None:
    kiosk.write("kiosk.toml", WARNED)
    assert kiosk.run("kiosk", "check", "kiosk.toml").returncode == ExitCode.OK
    strict = kiosk.run("kiosk", "check", "--strict", "kiosk.toml")
    assert strict.returncode == ExitCode.POLICY_MISMATCH


def test_several_files_and_values_for_their_templates(kiosk: Workplace) -> None:
    kiosk.write("one.toml", 'entrypoint = "@app@"\nthreads = @threads@\n')
    kiosk.write("two.toml", 'entrypoint = "app"\n')
    done = kiosk.run("kiosk", "check", "-D", "app=a=b", "-D", "threads=0", "one.toml", "two.toml")
    assert done.stdout.startswith("one.toml:2: error[wrong-value]: threads")
    assert done.stderr == "1 error, 0 warnings in 2 files\n"


def test_a_file_that_cannot_be_parsed_is_a_finding_too(kiosk: Workplace) -> None:
    kiosk.write("kiosk.toml", "entrypoint = \n")
    done = kiosk.run("kiosk", "check", "kiosk.toml")
    assert done.returncode == ExitCode.POLICY_MISMATCH
    assert done.stdout.startswith("kiosk.toml:1: error[syntax]: Invalid value\n")


def test_json_follows_its_schema(kiosk: Workplace) -> None:
    kiosk.write("kiosk.toml", BAD)
    done = kiosk.run("kiosk", "check", "--format", "json", "kiosk.toml")
    printed = json.loads(done.stdout)
    jsonschema.validate(printed, cli_schema("findings"))
    assert (printed["version"], printed["errors"], printed["warnings"]) == (1, 3, 1)
    assert printed["findings"][0] == {
        "severity": "error",
        "code": "wrong-value",
        "file": "kiosk.toml",
        "line": 1,
        "pointer": "threads",
        "message": "must be at least 1, is 0",
        "cure": "change the value",
    }
    assert done.returncode == ExitCode.POLICY_MISMATCH


def test_findings_about_the_manifest_name_its_file_and_line(kiosk: Workplace) -> None:
    kiosk.write("kiosk.toml", 'entrypoint = "app"\n')
    kiosk.write("manifest.json", '{\n  "Marbles": {\n    "front": {}\n  }\n}\n')
    arguments = ["--manifest", "manifest.json", "--marble", "front", "kiosk.toml"]
    done = kiosk.run("kiosk", "check", *arguments)
    place = "manifest.json:3: warning[no-argv]: Marbles.front: Marble front has no Argv"
    assert done.stdout.splitlines()[0] == place


@pytest.mark.parametrize(
    ("manifest", "arguments", "message", "code"),
    [
        ("{}", ["--marble", "front"], "give --manifest too", ExitCode.USAGE),
        (
            '{"Marbles": {"front": {}}}',
            ["--manifest", "manifest.json", "--marble", "frnot"],
            "manifest.json has no Marble 'frnot'; did you mean 'front'?",
            ExitCode.USAGE,
        ),
        ("[]", ["--manifest", "manifest.json"], "json:1: is not a JSON object", ExitCode.FAILED),
        (
            '{"Marbles": {},\n"Marbles": {}}',
            ["--manifest", "manifest.json"],
            'manifest.json:2: key "Marbles" is already on line 1',
            ExitCode.FAILED,
        ),
    ],
)
def test_a_manifest_that_cannot_be_used_is_an_error(
    kiosk: Workplace, manifest: str, arguments: list[str], message: str, code: ExitCode
) -> None:
    kiosk.write("kiosk.toml", 'entrypoint = "app"\n')
    kiosk.write("manifest.json", manifest)
    done = kiosk.run("kiosk", "check", *arguments, "kiosk.toml")
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr


def test_what_a_file_says_cannot_control_the_terminal(kiosk: Workplace) -> None:
    kiosk.write("kiosk.toml", 'entrypoint = "app"\n"\\u001b[2J" = 1\n')
    done = kiosk.run("kiosk", "check", "kiosk.toml")
    assert "\x1b" not in done.stdout
    assert "unknown key" in done.stdout
