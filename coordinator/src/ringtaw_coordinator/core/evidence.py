"""Verification of evidence, and whether it is what the manifest asks for.

``genuine? → for this connection? → what the package says? → on a platform that is accepted?``
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Protocol

import structlog
from ringtaw_attestation import (
    AttestationError,
    CollateralCache,
    CollateralSource,
    CollateralUnavailableError,
    EvidenceError,
    Report,
    TrustedRoot,
    VerificationContext,
    Verifiers,
    check_certificate_binding,
)

from ringtaw_coordinator.core.api import ActivationRequest
from ringtaw_coordinator.core.policy import check_policy
from ringtaw_coordinator.core.threads import Threads
from ringtaw_coordinator.errors import PlatformError, UnavailableError, VerificationError
from ringtaw_coordinator.manifest.model import Manifest, Marble

REFRESH_INTERVAL: Final = 600.0
"""Seconds between two looks at whether collateral is due to be fetched anew."""

_log = structlog.get_logger("evidence")


class EvidenceVerifier(Protocol):
    """Judges evidence."""

    @property
    def accepts_software_tee(self) -> bool:
        """Whether evidence of a software TEE counts as genuine."""
        ...

    async def verify(self, request: ActivationRequest, marble: Marble, manifest: Manifest) -> None:
        """Return if a Marble's evidence is good, for the certificate of this very connection.

        Raises:
            VerificationError: It is not, or it does not fit the Marble's package or the
                manifest's infrastructures.
            UnavailableError: There is nothing to judge it by at the moment.
        """
        ...

    async def appraise(self, evidence: bytes, whose: str) -> Report:
        """Return what evidence says, whatever it is bound to; ``whose`` is for the log.

        Raises:
            VerificationError: It is not genuine.
            UnavailableError: There is nothing to judge it by at the moment.
        """
        ...

    async def keep_current(self) -> None:
        """Keep what evidence is judged by up to date, until cancelled."""
        ...


class SimulationVerifier:
    """For simulation: whatever a Marble brings is accepted, even nothing."""

    accepts_software_tee = False

    async def verify(self, request: ActivationRequest, marble: Marble, manifest: Manifest) -> None:
        """Accept."""

    async def appraise(self, evidence: bytes, whose: str) -> Report:
        """Refuse: nothing is known about evidence here."""
        raise VerificationError("this is a simulation, which verifies no evidence")

    async def keep_current(self) -> None:
        """Return: there is nothing to keep."""


class QuoteVerifier:
    """Judges with the verifiers that are installed, by collateral from one source.

    Marbles and others who bring evidence do not wait for each other.
    """

    def __init__(
        self, verifiers: Verifiers, roots: tuple[TrustedRoot, ...], collateral: CollateralSource
    ) -> None:
        self._verifiers = verifiers
        self._roots = roots
        self._collateral = collateral
        self._marbles = Threads("verification of Marbles", running=32, waiting=256)
        self._others = Threads("verification of quotes", running=4, waiting=32)

    @property
    def accepts_software_tee(self) -> bool:
        """Whether the root of a software TEE is trusted."""
        return any(root.is_software_tee for root in self._roots)

    async def verify(self, request: ActivationRequest, marble: Marble, manifest: Manifest) -> None:
        """Verify in a thread; with collateral at hand it takes about a millisecond."""
        if not request.quote:
            raise VerificationError(
                "quote-format: the Marble sent no quote: it runs without an enclave or in "
                "simulation (OE_SIMULATION=1), and this Coordinator does not"
            )
        await self._marbles.run(self._judge, request, marble, manifest)

    async def appraise(self, evidence: bytes, whose: str) -> Report:
        """Verify in a thread."""
        return await self._others.run(self._report, evidence, whose)

    async def keep_current(self) -> None:
        """Fetch collateral before it is needed."""
        source = self._collateral
        thread = Threads("collateral", running=1, waiting=0)
        while isinstance(source, CollateralCache):
            await asyncio.sleep(REFRESH_INTERVAL)
            with suppress(UnavailableError):  # another look follows
                await thread.run(source.refresh_due)

    def _judge(self, request: ActivationRequest, marble: Marble, manifest: Manifest) -> None:
        report = self._report(request.quote, f"a Marble of type {request.marble_type}")
        with _refusals():
            check_certificate_binding(report.report_data, request.peer_certificate)
        check_policy(report, marble.package, manifest)

    def _report(self, evidence: bytes, whose: str) -> Report:
        with _refusals():
            context = VerificationContext(self._roots, self._collateral)
            report = self._verifiers.verify(evidence, context)
        if report.is_software_tee:
            _log.warning("evidence of a software TEE", whose=whose, evidence=report.describe())
        else:
            _log.info("genuine evidence", whose=whose, evidence=report.describe())
        return report


@contextmanager
def _refusals() -> Iterator[None]:
    """Say in the Coordinator's terms who is to blame."""
    try:
        yield
    except CollateralUnavailableError as error:
        raise UnavailableError(f"evidence cannot be verified at the moment: {error}") from error
    except EvidenceError as error:
        raise VerificationError(str(error)) from error
    except AttestationError as error:
        raise PlatformError(f"evidence cannot be verified: {error}") from error
