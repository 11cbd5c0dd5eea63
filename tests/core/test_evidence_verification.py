"""Which evidence admits a Marble, and what the others are told."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ringtaw_attestation import (
    INTEL_SGX_ROOT_CA,
    Collateral,
    CollateralCache,
    CollateralUnavailableError,
    PlatformKind,
    TcbStatus,
    Verifiers,
    certificate_report_data,
    coordinator_report_data,
    open_source,
)
from ringtaw_attestation.softtee import (
    CollateralAttacks,
    QuoteAttacks,
)
from ringtaw_coordinator.core.evidence import QuoteVerifier, SimulationVerifier
from ringtaw_coordinator.errors import PlatformError, UnavailableError, VerificationError
from structlog.testing import capture_logs

from tests.attestation.third_party_verifier import PREFIX, VERIFIER
from tests.support.evidence import PLATFORM, ROOTS, SGX_KIND, TEE
from tests.support.marble_evidence import (
    CERTIFICATE,
    ENCLAVE,
    OTHER,
    TDX,
    Source,
    policy,
    quote_verifier,
    refusal,
    sgx,
    tdx,
    verify,
)
from tests.support.pccs import running_pccs


@pytest.mark.parametrize(
    "report_data",
    [
        certificate_report_data(OTHER),
        coordinator_report_data(CERTIFICATE, b"nonce"),
        certificate_report_data(CERTIFICATE)[:32] + b"\1" + bytes(31),
        bytes(64),
    ],
)
async def test_quote_for_something_else(report_data: bytes) -> None:
    text = await refusal(sgx(report_data=report_data))
    assert text == "binding: the evidence is not for the certificate of this connection"


async def test_no_quote() -> None:
    text = await refusal(b"")
    assert text.startswith("quote-format: the Marble sent no quote")
    assert "OE_SIMULATION=1" in text


@pytest.mark.parametrize("length", [1, 15, 16, 48, 431, 436, 1000])
async def test_truncated_quote(length: int) -> None:
    assert (await refusal(sgx()[:length])).startswith("quote-format: ")


async def test_quote_that_is_too_long_to_look_at() -> None:
    assert (await refusal(sgx() + bytes(1 << 20))).startswith("quote-format: ")


ATTACKS = QuoteAttacks(TEE, PLATFORM, ENCLAVE, certificate_report_data(CERTIFICATE))


@pytest.mark.parametrize(
    ("quote", "step"),
    [
        (ATTACKS.changed_body(), "quote-signature"),
        (ATTACKS.own_attestation_key(), "qe-report-binding"),
        (ATTACKS.own_platform_key(), "qe-report-signature"),
        (ATTACKS.own_root(), "pck-chain"),
        (ATTACKS.expired_platform(datetime(2025, 1, 1, tzinfo=UTC)), "pck-chain"),
        (ATTACKS.debug_quoting_enclave(), "qe-report-identity"),
    ],
)
async def test_forged_quotes(quote: bytes, step: str) -> None:
    assert (await refusal(quote)).startswith(f"{step}: ")


async def test_collateral_that_speaks_against_the_platform_or_is_bad_itself() -> None:
    attacks = CollateralAttacks(TEE, SGX_KIND, datetime.now(UTC))
    for collateral, step in (
        (attacks.revoked_platform(PLATFORM), "pck-revocation"),
        (attacks.revoked_ca(), "pck-revocation"),
        (attacks.expired_tcb_info(), "tcb-info"),
        (attacks.edited_qe_identity(), "qe-identity"),
        (attacks.expired_root_crl(), "root-crl"),
        (attacks.other_root(), "pck-crl"),
        (attacks.other_platform_kind(), "platform-tcb"),
    ):
        verifier = quote_verifier(Source(collateral))
        assert (await refusal(sgx(), verifier=verifier)).startswith(f"{step}: ")


async def test_software_tee_that_nobody_trusts() -> None:
    verifier = quote_verifier(roots=(INTEL_SGX_ROOT_CA,))
    assert not verifier.accepts_software_tee
    assert (await refusal(sgx(), verifier=verifier)).startswith("pck-chain: ")


@pytest.mark.parametrize("good", [True, False])
async def test_every_verdict_on_a_software_tee_is_a_warning(good: bool) -> None:
    verifier = quote_verifier(roots=(INTEL_SGX_ROOT_CA, TEE.root))
    assert verifier.accepts_software_tee
    with capture_logs() as events:
        if good:
            await verify(sgx(), verifier=verifier)
        else:
            await refusal(sgx(), policy({"UniqueID": "ab" * 32}), verifier)
    (event,) = events
    assert event["log_level"] == "warning"
    assert event["event"] == "evidence of a software TEE"
    assert event["whose"] == "a Marble of type frontend"
    assert "TCB status UpToDate" in event["evidence"]


async def test_collateral_that_cannot_be_had_is_not_the_marbles_fault() -> None:
    source = Source(error=CollateralUnavailableError("cannot fetch it", hint="is it running?"))
    with pytest.raises(UnavailableError, match=r"at the moment: cannot fetch it \(is it running"):
        await verify(sgx(), verifier=quote_verifier(source))


async def test_verifiers_that_are_defective_are_not_the_marbles_fault() -> None:
    one, two = replace(VERIFIER, name="one"), replace(VERIFIER, name="two")
    evidence = PREFIX + certificate_report_data(CERTIFICATE)
    for verifiers, quote, words in (
        ([one, two], evidence, "recognised by one and two"),
        ([one], PREFIX + b"crash", r"verifier\(one\): verify failed"),
    ):
        with pytest.raises(PlatformError, match=words):
            await verify(quote, verifier=QuoteVerifier(Verifiers(verifiers), ROOTS, Source()))


async def test_evidence_that_packages_cannot_describe() -> None:
    verifier = QuoteVerifier(Verifiers([VERIFIER]), ROOTS, Source())
    text = await refusal(PREFIX + certificate_report_data(CERTIFICATE), verifier=verifier)
    assert text.startswith("/Packages/frontend: the package stands for SGX enclaves, not for third")


async def test_nobody_waits_for_collateral_of_somebody_else(tmp_path: Path) -> None:
    """Marbles of a platform whose collateral is at hand are admitted while a PCCS hangs."""
    with running_pccs(lambda kind: TEE.collateral(kind, datetime.now(UTC))) as pccs:
        source = open_source(pccs.url, tmp_path, ROOTS)
        verifier = quote_verifier(source)
        await verify(sgx(), verifier=verifier)
        pccs.gate.clear()
        cold = [
            asyncio.create_task(verify(tdx(), policy(TDX), verifier=verifier)) for _ in range(20)
        ]
        await asyncio.sleep(0.05)
        begin = time.monotonic()
        await asyncio.gather(*(verify(sgx(), verifier=verifier) for _ in range(50)))
        assert time.monotonic() - begin < 2
        assert not any(task.done() for task in cold)
        pccs.gate.set()
        await asyncio.gather(*cold)
        assert pccs.fetches == 2


async def test_collateral_is_fetched_before_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringtaw_coordinator.core.evidence.REFRESH_INTERVAL", 0.01)
    offset = 0.0

    def clock() -> datetime:
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + offset, UTC)

    fetched: list[PlatformKind] = []

    class Counting(Source):
        def fetch(self, platform: PlatformKind) -> Collateral:
            fetched.append(platform)
            return TEE.collateral(platform, clock())

    cache = CollateralCache(Counting(), tmp_path, ROOTS, clock=clock)
    verifier = quote_verifier(cache)
    await verify(sgx(), verifier=verifier)
    task = asyncio.create_task(verifier.keep_current())
    await asyncio.sleep(0.05)
    assert len(fetched) == 1
    offset = 25 * 3600.0
    deadline = time.monotonic() + 10
    while len(fetched) < 2 and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    task.cancel()
    assert fetched == [SGX_KIND, SGX_KIND]


async def test_sources_that_need_no_care_get_none() -> None:
    await asyncio.wait_for(quote_verifier().keep_current(), 1)
    await asyncio.wait_for(SimulationVerifier().keep_current(), 1)


async def test_appraisal_asks_neither_policy_nor_binding() -> None:
    old = replace(PLATFORM, status=TcbStatus.OUT_OF_DATE)
    report = await quote_verifier().appraise(sgx(platform=old, report_data=bytes(64)), "mine")
    assert report.tcb.status is TcbStatus.OUT_OF_DATE
    with pytest.raises(VerificationError, match="quote-format"):
        await quote_verifier().appraise(b"", "mine")
