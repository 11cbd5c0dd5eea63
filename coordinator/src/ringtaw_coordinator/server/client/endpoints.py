"""Every endpoint of the client API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringtaw_coordinator import __version__
from ringtaw_coordinator.server.client import v1, v2
from ringtaw_coordinator.server.client.endpoint import Endpoint
from ringtaw_coordinator.server.client.openapi import description_endpoint

_DESCRIBED: Final = (*v2.ENDPOINTS, *v1.ENDPOINTS)
ENDPOINTS: Final = (*_DESCRIBED, description_endpoint(_DESCRIBED, __version__))
ROUTES: Final[Mapping[tuple[str, str], Endpoint]] = {
    (endpoint.method, endpoint.path): endpoint for endpoint in ENDPOINTS
}
"""By method and path."""
METHODS: Final[Mapping[str, tuple[str, ...]]] = {
    path: tuple(endpoint.method for endpoint in ENDPOINTS if endpoint.path == path)
    for path in dict.fromkeys(endpoint.path for endpoint in ENDPOINTS)
}
"""By path."""
