"""``ringtaw ADAPTER package-properties``: what identifies a built enclave."""

from __future__ import annotations

import json
from pathlib import Path

import click
from ringtaw_buildkit.adapters import BuildSide
from ringtaw_buildkit.document import read_json
from ringtaw_buildkit.packages import Identity, all_properties, merge_package, package
from ringtaw_premain.build_hookspecs import FileChange, PackageProperties

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.libos.difference import show, write
from ringtaw_cli.libos.group import pass_side
from ringtaw_cli.output import data, json_data, printable, say, warning


@click.command(
    cls=Command,
    examples=(
        "ARTEFACT",
        "--format manifest --by signer ARTEFACT",
        "--merge manifest.json --package frontend --write ARTEFACT",
    ),
)
@click.argument("artefact", metavar="ARTEFACT")
@format_option("manifest")
@click.option(
    "--merge", metavar="FILE", help="Put the properties into this Coordinator's manifest."
)
@click.option("--package", "name", metavar="NAME", help="The package's name in the manifest.")
@click.option(
    "--by",
    type=click.Choice([identity.value for identity in Identity]),
    help="What the package knows the enclave by: its UniqueID, or its SignerID, ProductID and "
    "lowest SecurityVersion. Without it, a package in the manifest keeps the kind that it has, and "
    "a new one gets the UniqueID, which no other build has.",
)
@click.option("--write", "is_written", is_flag=True, help="Write the manifest; else only show.")
@pass_side
def package_properties(
    side: BuildSide,
    artefact: str,
    output_format: str,
    merge: str | None,
    name: str | None,
    by: str | None,
    is_written: bool,
) -> None:
    """Show what identifies a built enclave.

    As text, as JSON, as "Packages" to paste into a Coordinator's manifest (--format manifest), or
    merged into one (--merge): then the difference goes to stdout, and --write changes the file,
    whose formatting stays as it is.
    """
    identity = Identity(by) if by else None
    _refuse_what_would_be_ignored(output_format, merge, name, by, is_written)
    properties = side.package_properties(artefact)
    if properties.debug:
        warning(f"{printable(artefact)} is a debug enclave: the host can read all of its memory")
    if merge and name:
        _merge(merge, name, properties, identity, is_written)
    elif output_format == "manifest":
        members = package(properties, identity or Identity.UNIQUE_ID)
        packages = {name or Path(artefact).resolve().stem: members}
        data(f'"Packages": {json.dumps(packages, indent=2, ensure_ascii=False)}')
    elif output_format == "json":
        json_data(properties=all_properties(properties))
    else:
        _text(properties)


def _refuse_what_would_be_ignored(
    output_format: str, merge: str | None, name: str | None, by: str | None, is_written: bool
) -> None:
    in_manifest = merge or output_format == "manifest"
    if merge and not name:
        raise click.UsageError("--merge needs --package, the package's name in the manifest")
    if merge and output_format != "text":
        raise click.UsageError("--merge shows a difference and takes no --format")
    if (by or name) and not in_manifest:
        raise click.UsageError("--by and --package are for --merge and --format manifest")
    if is_written and not merge:
        raise click.UsageError("--write is for --merge")


def _merge(
    path: str, name: str, properties: PackageProperties, identity: Identity | None, is_written: bool
) -> None:
    manifest = read_json(path)
    merged = merge_package(manifest, name, properties, identity)
    if merged == manifest.text:
        say(f"{printable(path)}: nothing to change")
        return
    changes = [FileChange(path, manifest.text, merged)]
    show(changes)
    write(changes, is_written)


def _text(properties: PackageProperties) -> None:
    for key, value in all_properties(properties).items():
        data(f"{key:<16} {json.dumps(value) if isinstance(value, bool) else value}")
