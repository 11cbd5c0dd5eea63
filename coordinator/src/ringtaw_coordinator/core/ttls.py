"""The transparent TLS policy of a Marble: the JSON in MARBLE_TTLS_CONFIG."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ringtaw_coordinator.manifest.model import TLSTag
from ringtaw_coordinator.pki.encoding import CERTIFICATE, PRIVATE_KEY, to_pem
from ringtaw_coordinator.secrets.value import SecretValue


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate and its key, in PEM."""

    certificate: str
    private_key: str = field(repr=False)


def credentials(secret: SecretValue) -> Credentials:
    """Return a key pair as PEM."""
    return Credentials(to_pem(CERTIFICATE, secret.certificate), to_pem(PRIVATE_KEY, secret.private))


def certificates_of(tags: Iterable[TLSTag]) -> frozenset[str]:
    """Return the names of the secrets that the tags present as certificates."""
    return frozenset(
        entry.certificate for tag in tags for entry in tag.incoming if entry.certificate
    )


def ttls_config(
    tags: Iterable[TLSTag],
    marble_root: str,
    marble: Credentials,
    secrets: Mapping[str, Credentials],
) -> str:
    """Return the policy for a Marble with these tags.

    ``marble_root`` (PEM) is what both directions trust, ``marble`` the Marble's own leaf, and
    ``secrets`` holds what :func:`certificates_of` names.
    """
    outgoing: dict[str, dict[str, object]] = {}
    incoming: dict[str, dict[str, object]] = {}
    for tag in tags:
        for destination in tag.outgoing:
            connection = _connection(marble_root, marble)
            outgoing[f"{destination.address}:{destination.port}"] = connection
        for port in tag.incoming:
            shown = secrets[port.certificate] if port.certificate else marble
            verified = {"clientAuth": not port.disable_client_auth}
            incoming[f"*:{port.port}"] = _connection(marble_root, shown) | verified
    return json.dumps({"tls": {"Outgoing": outgoing, "Incoming": incoming}})


def _connection(marble_root: str, shown: Credentials) -> dict[str, object]:
    return {"cacrt": marble_root, "clicrt": shown.certificate, "clikey": shown.private_key}
