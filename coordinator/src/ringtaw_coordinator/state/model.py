"""The state of a deployment: everything the Coordinator keeps. Immutable; changes make a copy."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ringtaw_coordinator.pki.authority import (
    Intermediate,
    KeyedCertificate,
    create_intermediate,
    create_root,
)
from ringtaw_coordinator.secrets.value import SecretValue

ROOT_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class ProposedManifest:
    """A manifest that waits for acknowledgements, to take the place of the one in force."""

    manifest: bytes
    """As it was submitted."""
    acknowledged_by: tuple[str, ...]
    """Names of users; the first one submitted it."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Identity, manifest, secrets and counts of one deployment."""

    root: KeyedCertificate
    """Identity of the deployment; never changes."""
    intermediate: Intermediate
    """Changes with every update of the manifest."""
    root_secret: bytes = field(repr=False)
    """Private symmetric keys are derived from it."""
    manifest: bytes = b""
    """As it was submitted; empty before one is set."""
    manifest_signature: bytes = b""
    """ECDSA by the root key over the manifest's SHA-256, DER."""
    secrets: Mapping[str, SecretValue] = field(default_factory=dict, repr=False)
    """Shared and user-defined secrets that have a value."""
    activations: Mapping[str, int] = field(default_factory=dict)
    """By Marble type, of those whose activations are limited."""
    update_log: tuple[str, ...] = ()
    """One JSON object per entry."""
    previous_root_secret: bytes = field(default=b"", repr=False)
    """The root secret before its latest rotation; empty before any."""
    previous_secrets: Mapping[str, SecretValue] = field(default_factory=dict, repr=False)
    """Secrets whose previous value differs from the current one."""
    package_versions: Mapping[str, int] = field(default_factory=dict)
    """SecurityVersions by package, of those that were raised since the manifest was set."""
    proposal: ProposedManifest | None = None
    """While one is there, no other update is accepted."""
    counters: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Monotonic counters by their Marble (``UUID type``) and their name."""
    generation: int = field(default=0, compare=False)
    """How many changes there were; counted by whoever stores them, and compared with an anchor."""


def new_deployment(names: Sequence[str]) -> Deployment:
    """Make a new identity with these DNS names and IP addresses, without a manifest."""
    root = create_root(names)
    return Deployment(root, create_intermediate(root, names), os.urandom(ROOT_SECRET_BYTES))
