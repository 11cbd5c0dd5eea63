"""The JSON Schemas of what commands print are schemas, versioned, and strict."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

import click
import pytest
from jsonschema import Draft202012Validator
from ringtaw_buildkit.python_runtime.manifest import Group, Manifest, describe
from ringtaw_cli.command import DefaultGroup, LazyGroup, load_command
from ringtaw_cli.output import FORMAT_VERSION
from ringtaw_cli.program import program
from ringtaw_cli.table import ADAPTER_COMMANDS, COMMANDS
from ringtaw_schemas import cli_schema

GROUPS = {name: load_command(entry) for name, entry in COMMANDS.items()}
ADAPTERS = {f"ADAPTER {name}": load_command(entry) for name, entry in ADAPTER_COMMANDS.items()}
CONFORMANCE = "adapter check"
"""What it prints is the testkit's report, which has a schema there."""
FILES = resources.files("ringtaw_schemas").joinpath("cli").iterdir()
NAMES = sorted(file.name.removesuffix(".schema.json") for file in FILES)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_says_the_version(name: str) -> None:
    schema = cli_schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["version"] == {"const": FORMAT_VERSION}
    assert {"version"} < set(schema["required"]) <= schema["properties"].keys()
    assert schema["additionalProperties"] is False


def test_whatever_is_printed_as_json_has_a_schema_that_says_so() -> None:
    printed = set(with_json({**GROUPS, **ADAPTERS})) - {CONFORMANCE}
    assert printed - {command for name in NAMES for command in described(name)} == set()


def test_a_runtime_is_listed_as_its_schema_says(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "python3").write_bytes(b"an interpreter")
    file = describe(tmp_path, "python3", Group.INTERPRETER, "it runs the premain")
    Manifest("3.11", ("gramine",), ("libc.so.6",), (file,)).write(tmp_path)
    words = ["runtime", "list", str(tmp_path), "--format", "json"]
    program.main(words, standalone_mode=False)
    document = json.loads(capfd.readouterr().out)
    Draft202012Validator(cli_schema("runtime")).validate(document)
    assert document["size"] == len(b"an interpreter")


def with_json(commands: Mapping[str, click.Command]) -> Iterator[str]:
    """Yield the commands that have the format JSON."""
    for path, command in commands.items():
        if isinstance(command, LazyGroup):
            inside = command.entries.items()
            yield from with_json({f"{path} {name}": load_command(entry) for name, entry in inside})
        itself = command.default if isinstance(command, DefaultGroup) else command
        choices = [option.type for option in itself.params if option.name == "output_format"]
        if any(isinstance(one, click.Choice) and "json" in one.choices for one in choices):
            yield path


def described(name: str) -> Iterator[str]:
    """Yield the commands in a title: the first one whole, others too or by the last word."""
    title = cli_schema(name)["title"].removeprefix("ringtaw ").removesuffix(" --format json")
    first, *others = title.split(", ")
    yield first
    for other in others:
        yield from (other, f"{first.rpartition(' ')[0]} {other}")
