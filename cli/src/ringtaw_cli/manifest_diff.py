"""``ringtaw manifest diff``: what an update from one manifest to another would mean."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from ringtaw_client import InputError, PolicyMismatchError

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.output import data, json_data, printable, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ringtaw_coordinator.manifest.model import Manifest

    from ringtaw_cli.manifest_diff_meaning import Change, Meaning

_SIGNS: Final = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_FEW: Final = 8
"""So many names can be read in a line."""
_PATH: Final = click.Path(path_type=Path)


@click.command(
    "diff",
    cls=Command,
    examples=("old.json new.json", "--format json old.json new.json"),
)
@click.argument("old", metavar="OLD", type=_PATH)
@click.argument("new", metavar="NEW", type=_PATH)
@format_option()
def diff(old: Path, new: Path, output_format: str) -> None:
    """Show what an update of a manifest would mean.

    What is added, removed and changed; whether it is an update of packages or of everything; who
    has to agree; which secrets are made anew; and whether there are new recovery secrets. NEW may
    also be an update of packages, which has nothing but SecurityVersions.
    """
    if find_spec("ringtaw_coordinator") is None:
        raise InputError("this needs the Coordinator", hint="pip install ringtaw-coordinator")
    from ringtaw_cli.manifest_diff_meaning import meaning_of

    before = _load(old)
    raised = _raised(new, before)
    after = _load(new) if raised is None else _with_versions(before, raised)
    meaning = meaning_of(before, after, raised)
    _json(meaning) if output_format == "json" else _text(meaning)


def _load(path: Path) -> Manifest:
    from ringtaw_coordinator.errors import ManifestError
    from ringtaw_coordinator.manifest.load import load_manifest

    from ringtaw_cli.operator.manifest_file import read_manifest

    try:
        return load_manifest(read_manifest(path)).manifest
    except ManifestError as error:
        count = len(error.problems)
        raise PolicyMismatchError(
            f"{path} is not a valid manifest: {error.problems[0]}"
            + (f", and {count - 1} more" if count > 1 else ""),
            hint=f"ringtaw manifest check {path} lists everything",
        ) from None


def _raised(path: Path, old: Manifest) -> Mapping[str, int] | None:
    """Return the SecurityVersions of an update of packages; None for any other manifest."""
    from ringtaw_coordinator.errors import ManifestError
    from ringtaw_coordinator.manifest.package_update import load_package_update

    from ringtaw_cli.operator.manifest_file import read_manifest

    try:
        versions = load_package_update(read_manifest(path))
    except ManifestError as error:
        raise PolicyMismatchError(f"{path}: {error.problems[0]}") from None
    for name in versions or ():
        if name not in old.packages:
            raise PolicyMismatchError(f"{path}: the old manifest has no package {name!r}")
    return versions


def _with_versions(old: Manifest, raised: Mapping[str, int]) -> Manifest:
    packages = {
        name: replace(package, security_version=raised.get(name, package.security_version))
        for name, package in old.packages.items()
    }
    return replace(old, packages=packages)


def _text(meaning: Meaning) -> None:
    for change in meaning.changes:
        sign, colour = _SIGNS[change.what]
        data(f"{click.style(sign, fg=colour, bold=True)} {_change(change)}")
        for detail in change.details:
            data(f"    {printable(detail)}")
    for line in _consequences(meaning):
        data(printable(line))
    for text in meaning.warnings:
        warning(printable(text))


def _change(change: Change) -> str:
    name = "" if change.section == change.name else f" {change.name}"
    return printable(f"{change.section}{name}")


def _consequences(meaning: Meaning) -> Iterator[str]:
    from ringtaw_cli.manifest_diff_meaning import KEPT, Kind

    if meaning.kind is Kind.NONE:
        yield "no difference in meaning"
        return
    users = ", ".join(meaning.approval.users)
    if not users:
        yield "an update that nobody may make"
    elif meaning.kind is Kind.PACKAGES:
        yield f"an update of packages, in force at once; one of these may make it: {users}"
    else:
        yield f"an update of the whole manifest; it takes {meaning.approval.needed} of: {users}"
    kept = [name for name, fate in meaning.secrets.items() if fate == KEPT]
    for name, fate in meaning.secrets.items():
        if fate != KEPT:
            yield f"secret {name}: {fate}"
    if kept:
        yield f"secrets that are kept: {_few(kept)}"
    if meaning.new_recovery_secrets:
        yield "recovery: the owners of the recovery keys get new secrets; the former are void"
    else:
        yield "recovery: the secrets that owners have stay valid"
    yield "Marbles that run keep what they have; those that start get new certificates"


def _few(names: Sequence[str]) -> str:
    """Return names, or how many there are."""
    return ", ".join(names) if len(names) <= _FEW else str(len(names))


def _json(meaning: Meaning) -> None:
    json_data(
        kind=meaning.kind.value,
        changes=[
            {
                "section": change.section,
                "name": change.name,
                "change": change.what,
                "details": list(change.details),
            }
            for change in meaning.changes
        ],
        users=list(meaning.approval.users),
        acknowledgements=meaning.approval.needed,
        secrets=dict(meaning.secrets),
        new_recovery_secrets=meaning.new_recovery_secrets,
        warnings=list(meaning.warnings),
    )
