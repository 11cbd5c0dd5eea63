"""Entries of the update log: who changed what, and when, one JSON object each.

What has been written stays as it is, so that whoever has read the log before can compare.
MarbleRun's clients lay entries that have ``package`` and ``new version``, in their order, over the
manifest in force; when that is replaced, :func:`corrections` make the log fit it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from ringtaw_coordinator.manifest.model import Package

NEW_VERSION: Final = "new version"
APPLIED: Final = "Manifest update applied"


def log_entry(update: str, **details: object) -> str:
    """Return an entry with the time, to the millisecond; underscores in keys become spaces."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    entry: dict[str, object] = {"time": now, "update": update}
    entry |= {key.replace("_", " "): value for key, value in details.items()}
    return json.dumps(entry, separators=(",", ":"))


def proposal_entry(update: str, user: str, manifest: bytes, **details: object) -> str:
    """Return an entry about a step in an update of the whole manifest."""
    fingerprint = hashlib.sha256(manifest).hexdigest()
    return log_entry(update, user=user, manifestFingerprint=fingerprint, **details)


def corrections(log: Iterable[str], packages: Mapping[str, Package]) -> tuple[str, ...]:
    """Return an entry for each package of a new manifest whose latest in ``log`` is of an old one.

    There is nothing to say of packages that are gone, or have no SecurityVersion any more.
    """
    return tuple(
        log_entry("SecurityVersion set by the manifest", package=name, **{NEW_VERSION: version})
        for name, logged in _latest_versions(log).items()
        if name in packages
        and (version := packages[name].security_version) is not None
        and version != logged
    )


def _latest_versions(log: Iterable[str]) -> dict[str, int]:
    entries = (json.loads(entry) for entry in log if NEW_VERSION in entry)
    return {entry["package"]: entry[NEW_VERSION] for entry in entries if NEW_VERSION in entry}
