"""The latest activations, for whoever audits."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ringtaw_coordinator.core.api import ActivationRequest

MAX_EVENTS: Final = 256
MAX_QUOTE: Final = 32 * 1024
"""Bytes; real quotes are a few thousand. Where evidence is not checked it may be anything."""


class Events:
    """A ring: a new event takes the place of the oldest."""

    def __init__(self) -> None:
        self._events: deque[Mapping[str, Any]] = deque(maxlen=MAX_EVENTS)

    def activated(self, request: ActivationRequest) -> None:
        """Add a Marble that was admitted."""
        quote = request.quote if 0 < len(request.quote) <= MAX_QUOTE else b""
        activation = {
            "marbleType": request.marble_type,
            "uuid": request.uuid,
            "quote": b64encode(quote).decode() if quote else None,
        }
        time = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        self._events.append({"time": time, "activation": activation})

    def render(self) -> bytes:
        """Return a JSON array, oldest first."""
        return json.dumps(list(self._events), separators=(",", ":")).encode() + b"\n"
