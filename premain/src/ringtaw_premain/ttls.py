"""The transparent-TLS policy of a Marble, which only some runtimes can enforce.

Its form: MarbleRun documentation, "Transparent TLS". The policy holds private keys, so of its
content only addresses are logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringtaw_premain.errors import PolicyError
from ringtaw_premain.hookspecs import Adapter
from ringtaw_premain.log import Log

VARIABLE: Final = "MARBLE_TTLS_CONFIG"


def check_ttls(environment: Mapping[str, bytes], adapter: Adapter, log: Log) -> None:
    """Log the policy if there is one, and refuse it where nothing would enforce it.

    Raises:
        PolicyError: The policy is malformed or empty, or the runtime does not enforce it.
    """
    if VARIABLE not in environment:
        return
    connections = list(_connections(environment[VARIABLE]))
    for line in connections:
        log.info(f"TTLS: {line}")
    if not connections:
        raise PolicyError(f"the TTLS policy in {VARIABLE} is empty")
    if not adapter.enforces_ttls:
        raise PolicyError(
            f"adapter({adapter.name}): the Marble has a TTLS policy, and nothing in this runtime "
            "enforces it",
            hint="remove the Marble's TLS tags from the manifest, or use a runtime that does",
        )


def _connections(policy: bytes) -> list[str]:
    import json

    try:
        tls = json.loads(policy)["tls"]
        incoming, outgoing = tls.get("Incoming") or {}, tls.get("Outgoing") or {}
        lines = [f"outgoing connections to {address}" for address in outgoing]
        lines += [
            f"incoming connections on {address}, client certificates "
            f"{'required' if entry['clientAuth'] else 'not required'}"
            for address, entry in incoming.items()
        ]
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        raise PolicyError(f"the TTLS policy in {VARIABLE} is malformed") from None
    return lines
