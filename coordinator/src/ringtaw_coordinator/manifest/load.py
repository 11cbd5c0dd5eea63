"""From the bytes a user sent to a manifest: read, normalise, validate, build, check."""

from __future__ import annotations

from dataclasses import dataclass

from ringtaw_coordinator.errors import Problem
from ringtaw_coordinator.manifest.build import build
from ringtaw_coordinator.manifest.checks import check
from ringtaw_coordinator.manifest.model import Manifest
from ringtaw_coordinator.manifest.normalise import normalise
from ringtaw_coordinator.manifest.reader import read
from ringtaw_coordinator.manifest.report import Report
from ringtaw_coordinator.manifest.shape import manifest_shape
from ringtaw_coordinator.manifest.structure import validate


@dataclass(frozen=True, slots=True)
class LoadedManifest:
    """A manifest that is accepted, and what its author should look at."""

    manifest: Manifest
    warnings: tuple[Problem, ...]

    @property
    def warning_texts(self) -> tuple[str, ...]:
        """The warnings as their author reads them."""
        return tuple(map(str, self.warnings))


def load_manifest(raw: bytes) -> LoadedManifest:
    """Read a manifest; the bytes are JSON as users write it or Go programs send it.

    Raises:
        ManifestError: It is not acceptable; lists every problem found.
    """
    report = Report()
    document = normalise(read(raw), manifest_shape(), report)
    validate(document, report)
    manifest = build(document, report)
    check(document, manifest, report)
    report.raise_errors()
    return LoadedManifest(manifest, report.warnings())
