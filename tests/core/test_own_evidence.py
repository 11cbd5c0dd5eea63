"""What the Coordinator shows of itself."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from ringtaw_attestation import (
    INTEL_SGX_ROOT_CA,
    BindingError,
    TrustedRoot,
    add_open_enclave_header,
    check_coordinator_binding,
    coordinator_report_data,
)
from ringtaw_attestation.softtee import Enclave, TrustDomain
from ringtaw_coordinator.core.api import State
from ringtaw_coordinator.core.attestation import SIMULATION, Attestation
from ringtaw_coordinator.core.attester import QuoteAttester
from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.errors import PlatformError, UnavailableError
from ringtaw_premain.errors import EvidenceUnavailableError
from structlog.testing import capture_logs

from tests.support.deployments import coordinator_in, manifest
from tests.support.evidence import ROOTS, SGX_KIND, TEE, verify
from tests.support.marble_evidence import Source, quote_verifier

ROOT = b"a root certificate, in DER"
COORDINATOR = Enclave(product_id=1, security_version=9)
INTEL_ALONE = (INTEL_SGX_ROOT_CA,)


@dataclass
class Platform:
    """An adapter that gives whatever the test says, and counts."""

    issue: Callable[[bytes], bytes] = lambda data: TEE.sgx_quote(COORDINATOR, data)
    name: str = "test"
    asked: list[bytes] = field(default_factory=list)

    def issue_evidence(self, report_data: bytes) -> bytes:
        self.asked.append(report_data)
        return self.issue(report_data)


def attestation(
    platform: Platform | None = None, roots: tuple[TrustedRoot, ...] = ROOTS
) -> Attestation:
    return Attestation(quote_verifier(roots=roots), QuoteAttester(platform or Platform()))


async def test_quote_is_over_the_root_and_has_the_open_enclave_header() -> None:
    quote = await QuoteAttester(Platform()).quote(ROOT)
    assert quote == add_open_enclave_header(
        TEE.sgx_quote(COORDINATOR, coordinator_report_data(ROOT))
    )


async def test_quote_without_nonce_is_made_once_per_root() -> None:
    platform = Platform()
    attester = QuoteAttester(platform)
    first = await attester.quote(ROOT)
    assert await attester.quote(ROOT) == first
    assert await attester.quote(b"another root") != first
    for nonce in (b"one", b"two", b"two"):
        await attester.quote(ROOT, nonce)
    expected = [(ROOT, b""), (b"another root", b""), (ROOT, b"one"), (ROOT, b"two"), (ROOT, b"two")]
    assert platform.asked == [coordinator_report_data(root, nonce) for root, nonce in expected]


async def test_other_evidence_has_no_header() -> None:
    def issue(report_data: bytes) -> bytes:
        return TEE.tdx_quote(TrustDomain(), report_data)

    assert await QuoteAttester(Platform(issue)).quote(ROOT) == issue(coordinator_report_data(ROOT))
    assert await QuoteAttester(Platform(lambda _: b"evidence")).quote(ROOT) == b"evidence"


async def test_platform_is_asked_for_one_quote_at_a_time_and_by_so_many_at_most() -> None:
    lock = threading.Lock()

    def issue(report_data: bytes) -> bytes:
        assert lock.acquire(blocking=False)
        time.sleep(0.002)
        lock.release()
        return report_data

    attester = QuoteAttester(Platform(issue))
    answers = await asyncio.gather(
        *(attester.quote(ROOT, b"%d" % number) for number in range(40)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, UnavailableError)]
    assert len(refused) == 40 - 33
    assert "a quote of the Coordinator" in str(refused[0])
    assert answers[:33] == [coordinator_report_data(ROOT, b"%d" % number) for number in range(33)]


def no_quote(report_data: bytes) -> bytes:
    raise EvidenceUnavailableError("no quote", hint="is aesmd running?")


async def test_without_quote_there_is_no_coordinator(tmp_path: Path) -> None:
    for issue, words in ((no_quote, "is aesmd running"), (lambda _: b"", "the quote is empty")):
        with pytest.raises(PlatformError, match=words):
            async with coordinator_in(tmp_path, attestation=attestation(Platform(issue))):
                pass


async def test_quote_that_fails_later_is_an_error(tmp_path: Path) -> None:
    platform = Platform()
    async with coordinator_in(tmp_path, attestation=attestation(platform)) as coordinator:
        platform.issue = no_quote
        await coordinator.quote(None)
        with pytest.raises(PlatformError, match="is aesmd running"):
            await coordinator.quote(b"nonce")


async def check_quote(coordinator: Coordinator, nonce: bytes | None) -> bytes:
    """Verify the answer as a client does; return the root certificate."""
    answer = await coordinator.quote(nonce)
    intermediate, root = x509.load_pem_x509_certificates(answer.certificate_chain.encode())
    intermediate.verify_directly_issued_by(root)
    der = root.public_bytes(Encoding.DER)
    report = verify(answer.quote, Source().fetch(SGX_KIND), datetime.now(UTC))
    check_coordinator_binding(report.report_data, der, nonce or b"")
    for other, other_nonce in ((der, b"another"), (intermediate.public_bytes(Encoding.DER), b"")):
        with pytest.raises(BindingError):
            check_coordinator_binding(report.report_data, other, other_nonce)
    assert report.identity is not None
    assert report.identity.unique_id == COORDINATOR.unique_id
    return der


@pytest.mark.parametrize("nonce", [None, b"", b"nonce", bytes(range(256))])
async def test_anybody_can_verify_it_in_every_state(tmp_path: Path, nonce: bytes | None) -> None:
    async with coordinator_in(tmp_path, attestation=attestation()) as coordinator:
        root = await check_quote(coordinator, nonce)
        await coordinator.set_manifest(manifest())
        assert await check_quote(coordinator, nonce) == root
    async with coordinator_in(tmp_path, attestation=attestation()) as coordinator:
        assert coordinator.status().state is State.ACCEPTING_MARBLES
        assert await check_quote(coordinator, nonce) == root
    (tmp_path / "sealed_key").unlink()
    async with coordinator_in(tmp_path, attestation=attestation()) as coordinator:
        assert coordinator.status().state is State.RECOVERY
        assert await check_quote(coordinator, nonce) != root


@pytest.mark.parametrize(
    ("platform", "roots"),
    [
        (Platform(), ROOTS),
        (Platform(), INTEL_ALONE),
        (Platform(lambda _: b"evidence of somebody else"), (INTEL_SGX_ROOT_CA, TEE.root)),
    ],
    ids=["both", "its own evidence", "what it accepts"],
)
async def test_software_tee_is_plain_to_see(
    tmp_path: Path, platform: Platform, roots: tuple[TrustedRoot, ...]
) -> None:
    async with coordinator_in(tmp_path, attestation=attestation(platform, roots)) as coordinator:
        assert not coordinator.simulation
        assert (await coordinator.quote(None)).software_tee
        assert "software TEE" in coordinator.status().message
        await coordinator.set_manifest(manifest())
        assert "software TEE" in coordinator.status().message


async def test_where_there_is_none_nobody_speaks_of_it(tmp_path: Path) -> None:
    hardware = attestation(Platform(lambda _: b"evidence of hardware"), INTEL_ALONE)
    for number, one in enumerate((hardware, SIMULATION)):
        async with coordinator_in(tmp_path / str(number), attestation=one) as coordinator:
            assert not (await coordinator.quote(None)).software_tee
            assert "software TEE" not in coordinator.status().message


@pytest.mark.parametrize(
    ("roots", "event", "level"),
    [
        (ROOTS, "evidence of a software TEE", "warning"),
        (INTEL_ALONE, "the Coordinator's own evidence does not verify here", "warning"),
    ],
)
async def test_own_evidence_is_checked_for_the_log(
    tmp_path: Path, roots: tuple[TrustedRoot, ...], event: str, level: str
) -> None:
    async with coordinator_in(tmp_path, attestation=attestation(roots=roots)) as coordinator:
        with capture_logs() as events:
            await coordinator.tend()
    told, logged = events
    assert told["event"] == "this Coordinator is an SGX enclave"
    assert told["UniqueID"] == COORDINATOR.unique_id.hex()
    assert (told["ProductID"], told["SecurityVersion"], told["Debug"]) == (1, 9, False)
    assert (logged["event"], logged["log_level"]) == (event, level)
    assert "the Coordinator" in str(logged)
