"""Verification: what a report says, and which step refuses which attack."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from ringtaw_attestation import (
    INTEL_SGX_ROOT_CA,
    Collateral,
    CollateralError,
    EvidenceError,
    PckCa,
    Step,
    TcbStatus,
    Tee,
    verify_quote,
)
from ringtaw_attestation.quote.parse import add_open_enclave_header
from ringtaw_attestation.quote.tdx import TdReport
from ringtaw_attestation.softtee import (
    CollateralAttacks,
    Enclave,
    QuoteAttacks,
    SoftwarePlatform,
    SoftwareTee,
    TrustDomain,
)

from tests.support.evidence import (
    COLLATERAL_ATTACKS,
    NOW,
    PLATFORM,
    QUOTE_ATTACKS,
    REPORT_DATA,
    ROOTS,
    SGX_COLLATERAL,
    SGX_QUOTE,
    TDX_COLLATERAL,
    TDX_QUOTE,
    TEE,
    verify,
)


def methods(attacks: type) -> list[str]:
    return [name for name, _ in inspect.getmembers(attacks, inspect.isfunction) if name[0] != "_"]


def documented_step(attack: Callable[..., object]) -> str:
    match = re.search(r"\(([a-z-]+)\)\.", attack.__doc__ or "")
    assert match, "every attack names the step that refuses it"
    return match[1]


def test_sgx_report() -> None:
    enclave = Enclave(b"\x01" * 32, b"\x02" * 32, product_id=3, security_version=4)
    report = verify(TEE.sgx_quote(enclave, REPORT_DATA), SGX_COLLATERAL)
    assert report.format == "sgx-dcap"
    assert report.identity is not None
    assert (report.identity.unique_id, report.identity.signer_id) == (b"\x01" * 32, b"\x02" * 32)
    assert (report.identity.product_id, report.identity.security_version) == (3, 4)
    assert (report.debug, report.report_data) == (False, REPORT_DATA)
    assert (report.tcb.status, report.tcb.advisories) == (TcbStatus.UP_TO_DATE, ())
    assert report.platform is not None
    assert (report.platform.qe_svn, report.platform.pce_svn) == (8, 11)
    assert (report.platform.cpu_svn, report.platform.fmspc) == (PLATFORM.components, b"SOFT\0\1")
    assert report.valid_from == NOW
    assert report.valid_until == NOW + timedelta(days=30)


def test_tdx_report_has_all_measurements() -> None:
    domain = TrustDomain(b"\x05" * 48, (b"\x01" * 48,) * 4)
    for version in (4, 5):
        report = verify(TEE.tdx_quote(domain, REPORT_DATA, version=version), TDX_COLLATERAL)
        assert (report.format, report.identity) == ("tdx-dcap", None)
        assert isinstance(report.body, TdReport)
        assert report.body.mr_td == b"\x05" * 48
        assert report.body.rtmrs == (b"\x01" * 48,) * 4
        assert report.body.tee_tcb_svn == PLATFORM.tee_tcb_svn
        assert len(report.body.mr_seam) == 48


def test_verdicts_name_the_software_tee() -> None:
    report = verify(SGX_QUOTE, SGX_COLLATERAL)
    assert report.is_software_tee
    assert "software TEE" in report.root.name
    assert "software TEE" in report.describe()
    assert not INTEL_SGX_ROOT_CA.is_software_tee


def test_software_tee_is_not_trusted_by_default() -> None:
    with pytest.raises(EvidenceError, match="trusted root") as caught:
        verify_quote(SGX_QUOTE, SGX_COLLATERAL, NOW)
    assert caught.value.step == Step.PCK_CRL


def test_several_roots_can_be_trusted() -> None:
    other = SoftwareTee(b"\x01" * 32)
    roots = (INTEL_SGX_ROOT_CA, other.root, TEE.root)
    assert verify_quote(SGX_QUOTE, SGX_COLLATERAL, NOW, roots).root == TEE.root


def test_chain_without_root_finds_its_root_among_several_of_one_name() -> None:
    genuine = TEE.quoting_enclave(PLATFORM, Tee.SGX)
    chain = genuine.pck_chain.removesuffix(TEE.root_ca.pem)
    quote = replace(genuine, pck_chain=chain).quote(
        3, Tee.SGX, Enclave().body(REPORT_DATA, PLATFORM)
    )
    collateral = replace(SGX_COLLATERAL, pck_crl_issuer_chain=TEE.pck_ca(PLATFORM.ca).pem)
    roots = (SoftwareTee(b"\x01" * 32).root, TEE.root)
    assert verify_quote(quote, collateral, NOW, roots).root == TEE.root
    with pytest.raises(EvidenceError, match="trusted root"):
        verify_quote(quote, collateral, NOW, roots[:1])


def test_quote_and_collateral_must_have_the_same_root() -> None:
    other = SoftwareTee(b"\x01" * 32)
    roots = (other.root, TEE.root)
    quote = other.sgx_quote(Enclave(), REPORT_DATA)
    with pytest.raises(EvidenceError) as caught:
        verify_quote(quote, SGX_COLLATERAL, NOW, roots)
    assert caught.value.step == Step.PCK_CHAIN


def test_open_enclave_header_changes_nothing() -> None:
    assert verify(add_open_enclave_header(SGX_QUOTE), SGX_COLLATERAL) == (
        verify(SGX_QUOTE, SGX_COLLATERAL)
    )


def test_processor_ca() -> None:
    platform = SoftwarePlatform(ca=PckCa.PROCESSOR)
    quote = TEE.sgx_quote(Enclave(), REPORT_DATA, platform)
    report = verify(quote, TEE.collateral(platform.kind(Tee.SGX), NOW))
    assert report.platform is not None
    assert report.platform.pck.platform_instance_id is None
    with pytest.raises(EvidenceError, match="another CA's"):
        verify(quote, SGX_COLLATERAL)


def test_debug_is_reported() -> None:
    assert verify(TEE.sgx_quote(Enclave(debug=True), REPORT_DATA), SGX_COLLATERAL).debug
    assert verify(TEE.tdx_quote(TrustDomain(debug=True), REPORT_DATA), TDX_COLLATERAL).debug


def test_time_must_know_its_zone() -> None:
    with pytest.raises(TypeError):
        verify(SGX_QUOTE, SGX_COLLATERAL, NOW.replace(tzinfo=None))


@pytest.mark.parametrize("name", methods(QuoteAttacks))
def test_attack_on_the_quote_is_refused(name: str) -> None:
    attack = getattr(QUOTE_ATTACKS, name)
    quote = attack(NOW - timedelta(seconds=1)) if name == "expired_platform" else attack()
    with pytest.raises(EvidenceError) as caught:
        verify(quote, SGX_COLLATERAL)
    assert caught.value.step == documented_step(attack)
    assert not isinstance(caught.value, CollateralError)


@pytest.mark.parametrize("name", methods(CollateralAttacks))
def test_attack_on_collateral_is_refused(name: str) -> None:
    attack = getattr(COLLATERAL_ATTACKS, name)
    takes_platform = "platform" in inspect.signature(attack).parameters
    collateral: Collateral = attack(PLATFORM) if takes_platform else attack()
    with pytest.raises(EvidenceError) as caught:
        verify(SGX_QUOTE, collateral)
    assert caught.value.step == documented_step(attack)


def test_revocation_is_of_one_platform() -> None:
    other = SoftwarePlatform(name="other")
    collateral = COLLATERAL_ATTACKS.revoked_platform(other)
    verify(SGX_QUOTE, collateral)
    with pytest.raises(EvidenceError) as caught:
        verify(TEE.sgx_quote(Enclave(), REPORT_DATA, other), collateral)
    assert caught.value.step == Step.PCK_REVOCATION


def test_revocation_counts_although_the_chain_was_verified_before() -> None:
    for _ in range(2):
        verify(SGX_QUOTE, SGX_COLLATERAL)
    with pytest.raises(EvidenceError) as caught:
        verify(SGX_QUOTE, COLLATERAL_ATTACKS.revoked_platform(PLATFORM))
    assert caught.value.step == Step.PCK_REVOCATION
    verify(SGX_QUOTE, SGX_COLLATERAL)


def test_time_counts_although_everything_was_verified_before() -> None:
    end = NOW + timedelta(days=30)
    verify(SGX_QUOTE, SGX_COLLATERAL, end)
    for outside in (end + timedelta(seconds=1), NOW - timedelta(seconds=1)):
        with pytest.raises(CollateralError):
            verify(SGX_QUOTE, SGX_COLLATERAL, outside)
    verify(SGX_QUOTE, SGX_COLLATERAL, NOW)


def test_collateral_of_the_other_tee_is_refused() -> None:
    for quote, collateral in ((SGX_QUOTE, TDX_COLLATERAL), (TDX_QUOTE, SGX_COLLATERAL)):
        with pytest.raises(EvidenceError, match="is for") as caught:
            verify(quote, collateral)
        assert caught.value.step == Step.QE_REPORT_IDENTITY


def with_attributes(attributes: int) -> bytes:
    return TEE.tdx_quote(TrustDomain(attributes=attributes), REPORT_DATA)


@pytest.mark.parametrize(
    "quote",
    [
        with_attributes(0),
        with_attributes(1 << 28 | 1 << 29),
        with_attributes(1 << 28 | 1 << 1),
        TEE.tdx_quote(TrustDomain(mr_service_td=b"\x01" * 48), REPORT_DATA, version=5),
    ],
    ids=["sept-ve-disable off", "migratable", "reserved bit", "service TD"],
)
def test_unprotected_trust_domains_are_refused(quote: bytes) -> None:
    with pytest.raises(EvidenceError) as caught:
        verify(quote, TDX_COLLATERAL)
    assert caught.value.step == Step.TD_ATTRIBUTES


def test_roots_are_not_trusted_for_being_in_the_quote() -> None:
    stranger = SoftwareTee(b"\x01" * 32)
    quote = stranger.sgx_quote(Enclave(), REPORT_DATA)
    with pytest.raises(EvidenceError):
        verify_quote(quote, stranger.collateral(PLATFORM.kind(Tee.SGX), NOW), NOW, ROOTS)
