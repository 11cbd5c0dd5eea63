"""``ringtaw package-info``: what identifies an enclave, whatever libOS it was built with."""

from __future__ import annotations

from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from ringtaw_premain.errors import AdapterError, PlatformError, PremainError

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.output import data, json_data, printable, say, warning
from ringtaw_cli.session.options import without_coordinator

if TYPE_CHECKING:
    from ringtaw_premain.build_hookspecs import PackageProperties

_LABELS: Final = {
    "UniqueID": "UniqueID (MRENCLAVE)",
    "SignerID": "SignerID (MRSIGNER)",
    "ProductID": "ProductID (ISVPRODID)",
    "SecurityVersion": "SecurityVersion (ISVSVN)",
}
"""The lines are those of MarbleRun's CLI, which scripts take apart."""


@click.command(
    "package-info",
    cls=Command,
    examples=("app.sig", "occlum_instance", "--format json ego-binary"),
)
@click.argument("artefact", metavar="ARTEFACT")
@format_option()
@without_coordinator
def package_info(artefact: str, output_format: str) -> None:
    """Show what identifies an enclave.

    ARTEFACT is what a libOS has built: a .sig file or folder of Gramine, an instance of Occlum, a
    signed binary of EGo. Each installed adapter looks at it. To choose one, and to put the
    properties into a manifest, there is ringtaw ADAPTER package-properties.
    """
    from ringtaw_buildkit.packages import all_properties

    found = recognise(artefact)
    if found.properties.debug:
        warning(f"{printable(artefact)} is a debug enclave: the host can read all of its memory")
    properties = all_properties(found.properties)
    if output_format == "json":
        json_data(adapters=list(found.adapters), properties=properties)
        return
    say(f"recognised by {printable(', '.join(found.adapters))}")
    for name, value in properties.items():
        shown = str(value).lower() if isinstance(value, bool) else value
        data(f"{_LABELS.get(name, name):<26}: {shown}")


@dataclass(frozen=True, slots=True)
class Recognised:
    """An enclave, and the adapters that know it."""

    adapters: tuple[str, ...]
    properties: PackageProperties


def recognise(artefact: str) -> Recognised:
    """Ask every installed adapter what identifies an enclave.

    Raises:
        PlatformError: None knows it, or two say different things.
    """
    from ringtaw_premain.plugins import installed_adapters

    found: dict[str, PackageProperties] = {}
    reasons = []
    for name in installed_adapters():
        try:
            properties = _ask(name, artefact)
        except PremainError as error:
            reasons.append(error.message)
            continue
        if properties is not None:
            found[name] = properties
    if not found and not _is_there(artefact):
        raise PlatformError(f"{artefact}: No such file or directory", hint="check the path")
    if not found:
        told = "; ".join(reasons) or "no adapter that knows built enclaves is installed"
        raise PlatformError(
            f"{artefact} is no enclave that an installed adapter knows: {told}",
            hint="name the .sig file (Gramine), the instance (Occlum) or the signed binary (EGo)",
        )
    if len(set(found.values())) > 1:
        raise PlatformError(
            f"{artefact} is told apart differently by {', '.join(found)}",
            hint=f"choose: ringtaw {next(iter(found))} package-properties {artefact}",
        )
    return Recognised(tuple(found), next(iter(found.values())))


def _is_there(artefact: str) -> bool:
    """Whether there is anything of that name; Gramine's files have further suffixes."""
    path = Path(artefact)
    return path.exists() or any(path.parent.glob(f"{escape(path.name)}.*"))


def _ask(name: str, artefact: str) -> PackageProperties | None:
    """Return what one adapter says; None if it does not deal with built enclaves."""
    from ringtaw_buildkit.adapters import build_side

    try:
        side = build_side(name)
    except AdapterError:  # it has no build side, or is broken: ringtaw plugins says more
        return None
    return side.package_properties(artefact) if "package_properties" in side.hooks else None
