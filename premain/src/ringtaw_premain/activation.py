"""The activation: one call to the Coordinator, tried again while nobody answers."""

from __future__ import annotations

import os
import ssl
import time
from typing import Final

from ringtaw_premain import _grpc
from ringtaw_premain._protobuf import (
    ActivationRequest,
    Parameters,
    decode_response,
    encode_request,
)
from ringtaw_premain._tls import Connection, client_context
from ringtaw_premain.errors import UnreachableError
from ringtaw_premain.identity import Identity
from ringtaw_premain.log import Log
from ringtaw_premain.settings import Settings

METHOD: Final = "/rpc.Marble/Activate"
FIRST_DELAY: Final = 0.25
LONGEST_DELAY: Final = 5.0
"""Seconds between two attempts: doubled each time up to the longest."""


def activate(
    settings: Settings, identity: Identity, request: ActivationRequest, log: Log
) -> Parameters:
    """Return what the Coordinator gives this Marble.

    Raises:
        UnreachableError: No Coordinator answered within the time set.
        RefusedError: The Coordinator refused.
        TransportError: The conversation was malformed.
        PlatformError: TLS cannot be set up here.
    """
    deadline = time.monotonic() + settings.activation_timeout
    context = client_context(identity)
    message = encode_request(request)
    delay, reason = FIRST_DELAY, ""
    while True:
        try:
            return _attempt(settings, context, message, deadline)
        except UnreachableError as error:
            if not reason or time.monotonic() < deadline:  # else it was cut off, and knows less
                reason = error.message
            pause = delay * _jitter()
            left = deadline - time.monotonic() - pause
            if left <= 0:
                raise UnreachableError(
                    f"no activation within {settings.activation_timeout:g} s: {reason}",
                    hint="is EDG_MARBLE_COORDINATOR_ADDR right, and does the Coordinator run?",
                ) from None
            log.info(f"{reason}; trying again in {pause:.1f} s, for {left:.0f} s more")
        time.sleep(pause)
        delay = min(delay * 2, LONGEST_DELAY)


def _attempt(
    settings: Settings, context: ssl.SSLContext, message: bytes, deadline: float
) -> Parameters:
    address, pin = settings.coordinator, settings.coordinator_pin
    with Connection.open(address, context, pin, deadline) as connection:
        timeout = deadline - time.monotonic()
        return decode_response(_grpc.call(connection, str(address), METHOD, message, timeout))


def _jitter() -> float:
    """Between 0.5 and 1, so that Marbles that start together do not come back together."""
    return 0.5 + os.urandom(1)[0] / 510
