"""``ringtaw runtime``: the premain's own Python, pruned to what an activation needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from ringtaw_buildkit.counting import counted

from ringtaw_cli.command import Command, LazyGroup, format_option
from ringtaw_cli.output import data, json_data, printable, say
from ringtaw_cli.table import Entry

if TYPE_CHECKING:
    from ringtaw_buildkit.python_runtime import Manifest

_MEGABYTE: Final = 1_000_000


@click.command(
    "build",
    cls=Command,
    examples=(
        "--adapter gramine",
        "--adapter gramine --python /usr/bin/python3.11 --packages site premain",
    ),
)
@click.option(
    "--adapter",
    "adapters",
    metavar="NAME",
    multiple=True,
    required=True,
    help="Adapter to put in. May be repeated.",
)
@click.option(
    "--python",
    metavar="PATH",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Interpreter to make it of. [default: the one that runs ringtaw]",
)
@click.option(
    "--packages",
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where pip install --target put premain, adapters and their libraries for that "
    "interpreter. [default: where ringtaw itself is installed]",
)
@click.option(
    "--include", metavar="MODULE", multiple=True, help="A further module. May be repeated."
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path), default=Path("premain"))
def build(
    adapters: Sequence[str],
    python: Path | None,
    packages: Path | None,
    include: Sequence[str],
    folder: Path,
) -> None:
    """Make the folder with the premain and its Python.

    DIR, by default "premain", gets an interpreter and the modules and libraries that an activation
    needs, nothing else. The premain is tried in it before it is put in place.
    """
    from ringtaw_buildkit.python_runtime import build as build_runtime

    python = python or Path(sys.executable).resolve()
    manifest = build_runtime(python, adapters, folder, packages=packages, include=include)
    data(printable(str(folder)))
    files = counted(len(manifest.files), "file")
    say(f"{files}, {_megabytes(manifest.size)} MB, Python {manifest.python}")


@click.command("list", cls=Command, examples=("", "--format json premain"))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path), default=Path("premain"))
@format_option()
def list_runtime(folder: Path, output_format: str) -> None:
    """List what is in such a folder, and why.

    The folder is compared with its list: a file that is missing, changed or strange is an error.
    """
    from ringtaw_buildkit.python_runtime import read_manifest

    manifest = read_manifest(folder)
    if output_format == "json":
        json_data(size=manifest.size, **asdict(manifest))
        return
    for file in manifest.files:
        data(f"{file.size:>10}  {printable(file.path)}  ({printable(file.reason)})")
    _summarise(manifest)


def _summarise(manifest: Manifest) -> None:
    groups = dict.fromkeys(file.group for file in manifest.files)
    rows: list[tuple[str, list[int]]] = [
        (group, [file.size for file in manifest.files if file.group == group]) for group in groups
    ]
    rows.append(("all", [file.size for file in manifest.files]))
    say("")
    for name, sizes in rows:
        say(f"{name:<22}{counted(len(sizes), 'file'):>11} {_megabytes(sum(sizes)):>6} MB")
    say(f"Python {manifest.python} with {', '.join(manifest.adapters)}")
    say(f"expected from the libOS: {', '.join(manifest.expected_libraries)}")


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:.1f}"


runtime = LazyGroup(
    "runtime",
    entries={
        "build": Entry(f"{__name__}:build", "Make the folder with the premain and its Python."),
        "list": Entry(f"{__name__}:list_runtime", "List what is in such a folder, and why."),
    },
    examples=("build --adapter gramine", "list premain"),
    help="Make the premain's own Python, with what an activation needs.",
)
"""The group ``ringtaw runtime``."""
