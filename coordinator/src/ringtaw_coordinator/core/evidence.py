"""Verification of a Marble's evidence."""

from __future__ import annotations

from typing import Protocol

from ringtaw_coordinator.core.api import ActivationRequest
from ringtaw_coordinator.manifest.model import Manifest, Marble


class EvidenceVerifier(Protocol):
    """Judges whether a Marble's evidence is what the manifest asks for."""

    async def verify(self, request: ActivationRequest, marble: Marble, manifest: Manifest) -> None:
        """Return if the evidence is good, for the certificate of this very connection.

        Raises:
            VerificationError: It is not, or it does not fit the Marble's package or the
                manifest's infrastructures.
        """
        ...


class SimulationVerifier:
    """For simulation: whatever a Marble brings is accepted, even nothing."""

    async def verify(self, request: ActivationRequest, marble: Marble, manifest: Manifest) -> None:
        """Accept."""
