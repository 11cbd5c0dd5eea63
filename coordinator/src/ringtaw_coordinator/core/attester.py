"""The Coordinator's own evidence, for whoever wants to know what it is before trusting it."""

from __future__ import annotations

from typing import Protocol

from ringtaw_attestation import (
    add_open_enclave_header,
    coordinator_report_data,
    is_raw_sgx_quote,
)
from ringtaw_premain.errors import PremainError

from ringtaw_coordinator.core.threads import Threads
from ringtaw_coordinator.errors import PlatformError


class EvidenceIssuer(Protocol):
    """What is needed of an adapter's runtime side, :class:`ringtaw_premain.runtime.Runtime`."""

    name: str
    """The adapter's."""

    def issue_evidence(self, report_data: bytes) -> bytes:
        """Return a quote over 64 bytes of report data.

        Raises:
            PremainError: There is none.
        """
        ...


class Attester(Protocol):
    """Makes evidence about this process."""

    async def quote(self, root_certificate: bytes, nonce: bytes = b"") -> bytes:
        """Return evidence over the root certificate (DER) and a challenger's nonce.

        Raises:
            PlatformError: The platform gives none.
            UnavailableError: Too many are waiting for theirs.
        """
        ...


class SimulationAttester:
    """For simulation: there is no evidence."""

    async def quote(self, root_certificate: bytes, nonce: bytes = b"") -> bytes:
        """Return nothing, whatever the nonce."""
        return b""


class QuoteAttester:
    """Asks the platform, through the adapter of the libOS that the Coordinator runs in.

    One quote at a time: libOSes take report data and give quotes through files of the whole
    process. The one without nonce, which anybody gets, is made once per root certificate.
    """

    def __init__(self, issuer: EvidenceIssuer) -> None:
        self._issuer = issuer
        self._threads = Threads("a quote of the Coordinator", running=1, waiting=32)
        self._lasting = (b"", b"")

    async def quote(self, root_certificate: bytes, nonce: bytes = b"") -> bytes:
        """Return a quote; an SGX quote has the Open Enclave header, which clients expect."""
        known, quote = self._lasting
        if not nonce and known == root_certificate:
            return quote
        report_data = coordinator_report_data(root_certificate, nonce)
        quote = await self._threads.run(self._issue, report_data)
        if not nonce:
            self._lasting = root_certificate, quote
        return quote

    def _issue(self, report_data: bytes) -> bytes:
        try:
            evidence = self._issuer.issue_evidence(report_data)
        except PremainError as error:
            raise PlatformError(f"the platform gives no quote: {error}") from error
        if not evidence:
            raise PlatformError(f"adapter({self._issuer.name}): the quote is empty")
        return add_open_enclave_header(evidence) if is_raw_sgx_quote(evidence) else evidence
