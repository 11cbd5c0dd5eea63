"""Entries of the update log: who changed what, and when, one JSON object each.

MarbleRun's clients lay entries that have ``package`` and ``new version`` over the manifest, so
those speak of the manifest in force alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

NEW_VERSION: Final = "new version"
FORMER_VERSION: Final = "former version"
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


def presented(entries: Sequence[str]) -> tuple[str, ...]:
    """Return the log as clients read it.

    In what precedes the latest update of the whole manifest, ``new version`` is called otherwise:
    laid over the manifest in force it would be wrong, or name a package that is gone.
    """
    past = max((n for n, entry in enumerate(entries) if _is(APPLIED, entry)), default=0)
    return (*map(_of_a_former_manifest, entries[:past]), *entries[past:])


def _is(update: str, entry: str) -> bool:
    return update in entry and json.loads(entry)["update"] == update


def _of_a_former_manifest(entry: str) -> str:
    if NEW_VERSION not in entry:
        return entry
    members = json.loads(entry)
    renamed = {FORMER_VERSION if key == NEW_VERSION else key: v for key, v in members.items()}
    return json.dumps(renamed, separators=(",", ":"))
