"""Updates of packages: manifests that say nothing but which SecurityVersions are raised."""

from __future__ import annotations

from typing import Final

from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.normalise import normalise
from ringtaw_coordinator.manifest.reader import read
from ringtaw_coordinator.manifest.report import Report
from ringtaw_coordinator.manifest.shape import manifest_shape
from ringtaw_coordinator.names import quoted

MAX_VERSION: Final = 2**64 - 1
_VERSION: Final = "SecurityVersion"
_ALLOWED: Final = frozenset({"Packages", "Config"})
"""Go programs send Config with zero values; what it says does not count here."""


def load_package_update(raw: bytes) -> dict[str, int] | None:
    """Return SecurityVersions by package, None if these bytes are any other manifest.

    Raises:
        ManifestError: They are no JSON, or an update of packages that says more or less.
    """
    report = Report()
    document = normalise(read(raw), manifest_shape(), report)
    packages = document.entries("Packages")
    if not packages or not _ALLOWED.issuperset(document.members):
        return None
    versions = {name: _version(name, package, report) for name, package in packages.items()}
    report.raise_errors()
    return versions


def _version(name: str, package: Node, report: Report) -> int:
    others = [key for key, value in package.members.items() if key != _VERSION and value.value]
    if others:
        message = f"an update of packages says nothing but {_VERSION}, not {', '.join(others)}"
        hint = "an update of the whole manifest has the other sections, too"
        report.error(package, message, hint)
    version = package.members.get(_VERSION, Node(None)).value
    if type(version) is not int or not 0 <= version <= MAX_VERSION:
        report.error(package, f"the package {quoted(name)} has no {_VERSION} to raise it to")
        return 0
    return version
