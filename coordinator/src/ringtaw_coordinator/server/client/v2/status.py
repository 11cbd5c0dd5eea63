"""The state of the Coordinator."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ringtaw_coordinator.core.api import Status
from ringtaw_coordinator.server.client.endpoint import ClientRequest, Endpoint
from ringtaw_coordinator.server.client.jsend import Written, write
from ringtaw_coordinator.server.client.schema import number, record, text


def _status_get(request: ClientRequest) -> Written:
    return _written_status(request.facade.status())


@lru_cache(maxsize=4)
def _written_status(status: Status) -> Written:
    return write({"code": int(status.state), "message": status.message})


READ_STATUS: Final = Endpoint(
    "GET",
    "/api/v2/status",
    "The state of the Coordinator: 0 uninitialised, 1 recovery needed, 2 accepting a manifest, "
    "3 accepting Marbles.",
    _status_get,
    record({"code": number("The state.", 0, 3), "message": text("The same for people.")}),
)
