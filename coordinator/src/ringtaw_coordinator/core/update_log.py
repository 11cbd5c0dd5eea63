"""Entries of the update log: who changed what, and when, one JSON object each.

MarbleRun's clients lay entries that have ``package`` and ``new version`` over the manifest, so
those speak of the manifest in force alone.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Final

NEW_VERSION: Final = "new version"
FORMER_VERSION: Final = "former version"


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


def under_former_manifest(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Return entries so that none of them is taken to speak of the packages of a new manifest."""
    return tuple(map(_of_a_former_manifest, entries))


def _of_a_former_manifest(entry: str) -> str:
    if NEW_VERSION not in entry:
        return entry
    members = json.loads(entry)
    renamed = {FORMER_VERSION if key == NEW_VERSION else key: v for key, v in members.items()}
    return json.dumps(renamed, separators=(",", ":"))
