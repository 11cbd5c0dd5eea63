"""The quote, which binds this Marble's certificate and so its TLS connection to its enclave."""

from __future__ import annotations

from typing import Final

from ringtaw_premain.errors import EvidenceUnavailableError
from ringtaw_premain.identity import sha256
from ringtaw_premain.log import Log
from ringtaw_premain.plugins import Runtime

REPORT_DATA_SIZE: Final = 64
SIMULATION_ADAPTER: Final = "simulation"


def collect_evidence(runtime: Runtime, certificate: bytes, simulation: bool, log: Log) -> bytes:
    """Return the quote over the certificate; empty only where simulation was asked for by name.

    Report data are the SHA-256 of the certificate's DER and 32 zero bytes (MarbleRun's convention).

    Raises:
        EvidenceUnavailableError: There is no quote and simulation was not asked for.
    """
    simulation = simulation or runtime.name == SIMULATION_ADAPTER
    try:
        quote = runtime.issue_evidence(sha256(certificate).ljust(REPORT_DATA_SIZE, b"\0"))
    except EvidenceUnavailableError as error:
        if not simulation:
            raise
        quote = b""
        log.warning(str(error))
    if quote:
        return quote
    if not simulation:
        raise EvidenceUnavailableError(
            f"adapter({runtime.name}): the quote is empty",
            hint="only with OE_SIMULATION=1 does a Marble start without a quote",
        )
    log.warning("SIMULATION: this Marble sends an empty quote, which proves nothing about it")
    return b""
