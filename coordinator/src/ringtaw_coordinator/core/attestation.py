"""Attestation in both directions: judging the evidence of others, and giving one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog
from ringtaw_attestation import AttestationError, package_properties, parse_quote

from ringtaw_coordinator.core.attester import Attester, SimulationAttester
from ringtaw_coordinator.core.evidence import EvidenceVerifier, SimulationVerifier
from ringtaw_coordinator.errors import CoordinatorError

_log = structlog.get_logger("evidence")


@dataclass(frozen=True, slots=True)
class Attestation:
    """What the Coordinator knows of evidence."""

    verifier: EvidenceVerifier
    attester: Attester
    is_simulation: bool = False

    async def check_own(self, root_certificate: bytes) -> None:
        """Verify the Coordinator's own evidence as its clients will, and log what they will see.

        Marbles often run on the same kind of platform, so this also fetches their collateral.
        """
        try:
            quote = await self.attester.quote(root_certificate)
            _tell_properties(quote)
            await self.verifier.appraise(quote, "the Coordinator")
        except CoordinatorError as error:
            _log.warning("the Coordinator's own evidence does not verify here", reason=str(error))


def _tell_properties(quote: bytes) -> None:
    """Log what an era config of this Coordinator says. In other formats nobody knows what it is."""
    try:
        properties = package_properties(parse_quote(quote).body)
    except AttestationError:
        return
    measurements = properties.pop("TDX", None)
    if isinstance(measurements, dict):
        _log.info("this Coordinator is a TDX trust domain", **measurements, **properties)
    else:
        _log.info("this Coordinator is an SGX enclave", **properties)


SIMULATION: Final = Attestation(SimulationVerifier(), SimulationAttester(), is_simulation=True)
"""No evidence at all."""
