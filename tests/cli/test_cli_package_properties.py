"""``ringtaw ADAPTER package-properties``, with a third party's adapter."""

from __future__ import annotations

import json

import jsonschema
import pytest
from ringtaw_cli.exits import ExitCode
from ringtaw_schemas import cli_schema

from tests.cli.installed import Workplace

UNIQUE, SIGNER = "ab" * 32, "cd" * 32


def artefact(kiosk: Workplace, *, debug: bool = False) -> str:
    """Write what the adapter reads."""
    members = {"unique_id": UNIQUE, "signer_id": SIGNER, "product": 3, "version": 2, "debug": debug}
    kiosk.write("app.sig", json.dumps(members))
    return "app.sig"


def test_as_text(kiosk: Workplace) -> None:
    done = kiosk.run("kiosk", "package-properties", artefact(kiosk))
    assert done.stdout == (
        f"UniqueID         {UNIQUE}\nSignerID         {SIGNER}\nProductID        3\n"
        "SecurityVersion  2\nDebug            false\n"
    )
    assert done.stderr == ""


def test_as_json_that_follows_its_schema(kiosk: Workplace) -> None:
    done = kiosk.run("kiosk", "package-properties", "--format", "json", artefact(kiosk))
    printed = json.loads(done.stdout)
    jsonschema.validate(printed, cli_schema("package-properties"))
    assert printed["properties"]["SignerID"] == SIGNER


@pytest.mark.parametrize(
    ("options", "package"),
    [
        ([], {"app": {"UniqueID": UNIQUE}}),
        (
            ["--by", "signer", "--package", "front"],
            {"front": {"SignerID": SIGNER, "ProductID": 3, "SecurityVersion": 2}},
        ),
    ],
)
def test_to_paste_into_a_manifest(
    kiosk: Workplace, options: list[str], package: dict[str, object]
) -> None:
    arguments = ["--format", "manifest", *options, artefact(kiosk)]
    done = kiosk.run("kiosk", "package-properties", *arguments)
    assert json.loads(f"{{{done.stdout}}}") == {"Packages": package}


def test_a_debug_enclave_is_warned_of_and_marked(kiosk: Workplace) -> None:
    arguments = ["--format", "manifest", artefact(kiosk, debug=True)]
    done = kiosk.run("kiosk", "package-properties", *arguments)
    assert "warning: app.sig is a debug enclave" in done.stderr
    assert json.loads(f"{{{done.stdout}}}")["Packages"]["app"]["Debug"] is True


def test_merged_into_a_manifest_when_told(kiosk: Workplace) -> None:
    before = '{\n\t"Packages": {\n\t\t"front": {"UniqueID": ""}\n\t},\n\t"Marbles": {}\n}\n'
    kiosk.write("manifest.json", before)
    arguments = ["--merge", "manifest.json", "--package", "front", artefact(kiosk)]
    shown = kiosk.run("kiosk", "package-properties", *arguments)
    assert f'+\t\t"front": {{"UniqueID": "{UNIQUE}"}}\n' in shown.stdout
    assert kiosk.read("manifest.json") == before
    kiosk.run("kiosk", "package-properties", "--write", *arguments)
    assert kiosk.read("manifest.json") == before.replace('""', f'"{UNIQUE}"')
    assert kiosk.read("manifest.json.orig") == before
    again = kiosk.run("kiosk", "package-properties", "--write", *arguments)
    assert again.stderr == "manifest.json: nothing to change\n"


def test_a_package_of_both_kinds_is_a_choice_for_the_person(kiosk: Workplace) -> None:
    both = {"Packages": {"front": {"UniqueID": "aa", "SignerID": "bb"}}}
    kiosk.write("manifest.json", json.dumps(both))
    arguments = ["--merge", "manifest.json", "--package", "front", artefact(kiosk)]
    refused = kiosk.run("kiosk", "package-properties", *arguments)
    assert refused.returncode == ExitCode.FAILED
    assert "has both a UniqueID and keys of a signer" in refused.stderr
    assert "--by unique-id or --by signer" in refused.stderr
    kiosk.run("kiosk", "package-properties", "--write", "--by", "unique-id", *arguments)
    merged = json.loads(kiosk.read("manifest.json"))
    assert merged == {"Packages": {"front": {"UniqueID": UNIQUE}}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--merge", "manifest.json"], "--merge needs --package"),
        (["--merge", "m.json", "--package", "x", "--format", "json"], "takes no --format"),
        (["--by", "signer"], "are for --merge and --format manifest"),
        (["--write"], "--write is for --merge"),
    ],
)
def test_options_that_would_be_ignored_are_refused(
    kiosk: Workplace, options: list[str], message: str
) -> None:
    done = kiosk.run("kiosk", "package-properties", *options, artefact(kiosk))
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert message in done.stderr
