"""Version 2 of the client API: a module by subject, each endpoint below its handler."""

from __future__ import annotations

from typing import Final

from ringtaw_coordinator.server.client.v2 import (
    counters,
    manifest,
    quotes,
    recovery,
    secrets,
    status,
    updates,
)

ENDPOINTS: Final = (
    status.READ_STATUS,
    manifest.READ_MANIFEST,
    manifest.SET_MANIFEST,
    quotes.READ_QUOTE,
    secrets.READ_SECRETS,
    secrets.WRITE_SECRETS,
    quotes.SIGN_QUOTE,
    counters.RAISE_COUNTER,
    updates.READ_UPDATE_LOG,
    updates.SUBMIT_UPDATE,
    updates.READ_PENDING_UPDATE,
    updates.ACKNOWLEDGE_UPDATE,
    updates.CANCEL_UPDATE,
    recovery.READ_RECOVERY_KEY,
    recovery.RECOVER,
)
"""In the order of the documentation."""
