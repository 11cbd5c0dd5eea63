"""Monotonic counters of Marbles."""

from __future__ import annotations

from typing import Final

from ringtaw_coordinator.manifest.model import FeatureGate
from ringtaw_coordinator.server.client.endpoint import KIBIBYTE, ClientRequest, Endpoint, Who
from ringtaw_coordinator.server.client.jsend import Json
from ringtaw_coordinator.server.client.schema import number, record, text

MAX_COUNTER_BODY: Final = 8 * KIBIBYTE


async def _monotonic_counter_post(request: ClientRequest) -> Json:
    name, value = request.body["name"], request.body["value"]
    return {"value": await request.facade.set_counter(name, value, request.certificate)}


RAISE_COUNTER: Final = Endpoint(
    "POST",
    "/api/v2/monotonic-counter",
    "Raise a counter of this Marble, known by its type and UUID; it is never lowered.",
    _monotonic_counter_post,
    record({"value": number("What the counter was before, 0 if it is new.")}),
    who=Who.MARBLE,
    body=record({"name": text("Of the counter."), "value": number("What it shall be.")}),
    max_body=MAX_COUNTER_BODY,
    gate=FeatureGate.MONOTONIC_COUNTER,
)
