"""One software TEE and one moment, shared by the tests about evidence."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import dcap_qvl
import pytest
from ringtaw_attestation import (
    Collateral,
    Report,
    Tee,
    certificate_report_data,
    collateral_to_json,
    verify_quote,
)
from ringtaw_attestation.softtee import (
    CollateralAttacks,
    Enclave,
    QuoteAttacks,
    SoftwarePlatform,
    SoftwareTee,
    TrustDomain,
)

TEE: Final = SoftwareTee(b"software TEE of the test suite..")
ROOTS: Final = (TEE.root,)
NOW: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
REPORT_DATA: Final = certificate_report_data(b"a certificate")
PLATFORM: Final = SoftwarePlatform()
SGX_KIND: Final = PLATFORM.kind(Tee.SGX)
TDX_KIND: Final = PLATFORM.kind(Tee.TDX)
SGX_COLLATERAL: Final = TEE.collateral(SGX_KIND, NOW)
TDX_COLLATERAL: Final = TEE.collateral(TDX_KIND, NOW)
SGX_QUOTE: Final = TEE.sgx_quote(Enclave(), REPORT_DATA)
TDX_QUOTE: Final = TEE.tdx_quote(TrustDomain(), REPORT_DATA)

QUOTE_ATTACKS: Final = QuoteAttacks(TEE, PLATFORM, Enclave(), REPORT_DATA)
COLLATERAL_ATTACKS: Final = CollateralAttacks(TEE, SGX_KIND, NOW)

_DEFAULT_DATA: Final = Path(__file__).parents[2].parent / "shared" / "data"


def real_quotes() -> Path:
    """Return the directory of real quotes, or skip the test."""
    directory = Path(os.environ.get("RINGTAW_TEST_DATA", _DEFAULT_DATA)) / "quotes"
    if not directory.is_dir():
        pytest.skip("no real quotes: set RINGTAW_TEST_DATA to a directory that has quotes/")
    return directory


def verify(quote: bytes, collateral: Collateral, time: datetime = NOW) -> Report:
    """Verify with the software TEE's root."""
    return verify_quote(quote, collateral, time, ROOTS)


def oracle(
    quote: bytes, collateral: Collateral, root: bytes = TEE.root.der, time: datetime = NOW
) -> tuple[str, tuple[str, ...]]:
    """Return status and advisories as dcap-qvl sees them.

    Raises:
        ValueError: It refuses the quote.
    """
    theirs = dcap_qvl.QuoteCollateralV3.from_json(collateral_to_json(collateral).decode())
    report = dcap_qvl.verify_with_root_ca(quote, theirs, root, int(time.timestamp()))
    return report.status, tuple(report.advisory_ids)
