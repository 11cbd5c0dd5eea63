"""What the Coordinator's manifest expects of a libOS configuration, whatever the libOS.

Public. Which Marble the configuration is for, and whether its numbers are those of that Marble's
package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ringtaw_premain.build_hookspecs import Finding, Severity, ValidateRequest

from ringtaw_buildkit.marbles import Marble, Package, read_marbles
from ringtaw_buildkit.subject import Kind, Subject

TYPE: Final = "EDG_MARBLE_TYPE"
"""The variable that names a Marble (MarbleRun documentation, "Add a service")."""

KINDS: Final[Mapping[str, Kind]] = {
    "unknown-marble": Kind(Severity.ERROR, "The manifest has no such Marble."),
    "marble-not-chosen": Kind(
        Severity.WARNING,
        "The manifest has several Marbles and nothing says which this is for: name it with "
        "`--marble`.",
    ),
    "debug-mismatch": Kind(
        Severity.ERROR,
        "The enclave is a debug enclave and the package's `Debug` is false, or the other way "
        "round: no activation succeeds.",
    ),
    "product-id-mismatch": Kind(
        Severity.ERROR, "The product id is not the package's `ProductID`: no activation succeeds."
    ),
    "security-version-mismatch": Kind(
        Severity.ERROR,
        "The security version is below the package's `SecurityVersion`: no activation succeeds.",
    ),
}
"""The kinds of findings made here."""

Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a configuration says of its enclave, and where: value and path of keys. None for what
    it does not say in an understandable way."""

    debug: tuple[bool | None, Keys]
    product_id: tuple[int | None, Keys]
    security_version: tuple[int | None, Keys]


def choose_marble(
    subject: Subject, request: ValidateRequest, fixed: str, place: Keys
) -> tuple[Marble | None, list[Finding]]:
    """Return the Marble that a configuration is for: the one asked for, else the one that
    EDG_MARBLE_TYPE is ``fixed`` to at ``place`` in it, else the only one there is."""
    if request.manifest is None:
        return None, []
    marbles = read_marbles(request.manifest)
    wanted = request.marble or fixed
    if wanted and wanted not in marbles:
        return None, [_unknown(subject, () if request.marble else place, wanted, marbles)]
    if not wanted and len(marbles) != 1:
        return None, [_undecided(subject, marbles)]
    return marbles[wanted or next(iter(marbles))], []


def check_identity(subject: Subject, package: Package, identity: Identity) -> Iterator[Finding]:
    """Yield where the configuration and the package differ."""
    debug, place = identity.debug
    if debug is not None and debug != package.debug:
        yield subject.finding(
            "debug-mismatch",
            *place,
            message=f"is {_json(debug)}, and Debug of the package {package.name!r} is "
            f"{_json(package.debug)}",
            cure="make them equal: both false in production",
        )
    product, place = identity.product_id
    if None not in (product, package.product_id) and product != package.product_id:
        yield subject.finding(
            "product-id-mismatch",
            *place,
            message=f"is {product}, and ProductID of the package {package.name!r} is "
            f"{package.product_id}",
            cure="make them equal",
        )
    version, place = identity.security_version
    least = package.security_version
    if version is not None and least is not None and version < least:
        yield subject.finding(
            "security-version-mismatch",
            *place,
            message=f"is {version}, and the package {package.name!r} asks for {least} or more",
            cure=f"raise it to {least}, or lower SecurityVersion in the manifest",
        )


def _unknown(subject: Subject, place: Keys, wanted: str, marbles: Mapping[str, Marble]) -> Finding:
    report = subject.finding if place else subject.manifest_finding
    return report(
        "unknown-marble",
        *(place or ("Marbles",)),
        message=f"the manifest has no Marble {wanted!r}; it has {_names(marbles)}",
        cure="correct the name, or add the Marble to the manifest",
    )


def _undecided(subject: Subject, marbles: Mapping[str, Marble]) -> Finding:
    return subject.manifest_finding(
        "marble-not-chosen",
        "Marbles",
        message=f"the manifest has {_names(marbles)}, and {TYPE} is fixed to none of them here: "
        "nothing was compared",
        cure="say which one with --marble",
    )


def _names(marbles: Mapping[str, Marble]) -> str:
    return ", ".join(sorted(marbles)) or "no Marble"


def _json(value: bool) -> str:
    return "true" if value else "false"
