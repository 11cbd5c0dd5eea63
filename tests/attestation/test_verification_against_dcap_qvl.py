"""Verdicts agree with dcap-qvl, an independent implementation, or are stricter on purpose."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from ringtaw_attestation import Collateral, EvidenceError, PckCa, TcbStatus, Tee
from ringtaw_attestation.softtee import (
    CollateralAttacks,
    Enclave,
    QuoteAttacks,
    SoftwarePlatform,
    TrustDomain,
    documents,
)
from ringtaw_attestation.softtee.platform import ENCLAVE_SVN

from tests.support.evidence import (
    COLLATERAL_ATTACKS,
    NOW,
    PLATFORM,
    QUOTE_ATTACKS,
    REPORT_DATA,
    SGX_COLLATERAL,
    SGX_QUOTE,
    TDX_COLLATERAL,
    TEE,
    oracle,
    verify,
)

STRICTER = {"other_pce"}
"""Attacks that dcap-qvl lets pass: it does not compare the PCE id."""

QE = TEE.quoting_enclave(PLATFORM, Tee.SGX)
BODY = Enclave().body(REPORT_DATA, PLATFORM)


def platforms() -> Iterator[SoftwarePlatform]:
    for ca, status, qe_status in product(PckCa, TcbStatus, ENCLAVE_SVN):
        yield SoftwarePlatform(ca=ca, status=status, qe_status=qe_status)
    for module_status in ENCLAVE_SVN:
        yield SoftwarePlatform(tdx_module_status=module_status)


def quotes_of(platform: SoftwarePlatform) -> Iterator[tuple[bytes, Collateral]]:
    sgx, tdx = (TEE.collateral(platform.kind(tee), NOW) for tee in Tee)
    yield TEE.sgx_quote(Enclave(), REPORT_DATA, platform), sgx
    for version in (4, 5):
        yield TEE.tdx_quote(TrustDomain(), REPORT_DATA, platform, version=version), tdx


@pytest.mark.parametrize("platform", list(platforms()), ids=str)
def test_statuses_agree(platform: SoftwarePlatform) -> None:
    for quote, collateral in quotes_of(platform):
        tcb = verify(quote, collateral).tcb
        if tcb.status is TcbStatus.REVOKED:
            with pytest.raises(ValueError, match="Revoked"):
                oracle(quote, collateral)
        else:
            status, advisories = oracle(quote, collateral)
            assert (tcb.status, set(tcb.advisories)) == (status, set(advisories))


def attacks(kind: type) -> list[str]:
    return [name for name, _ in inspect.getmembers(kind, inspect.isfunction) if name[0] != "_"]


@pytest.mark.parametrize("name", attacks(QuoteAttacks))
def test_both_refuse_attacks_on_quotes(name: str) -> None:
    attack: Callable[..., bytes] = getattr(QUOTE_ATTACKS, name)
    quote = attack(NOW - timedelta(seconds=1)) if name == "expired_platform" else attack()
    with pytest.raises(EvidenceError):
        verify(quote, SGX_COLLATERAL)
    with pytest.raises(ValueError):
        oracle(quote, SGX_COLLATERAL)


@pytest.mark.parametrize("name", attacks(CollateralAttacks))
def test_both_refuse_attacks_on_collateral(name: str) -> None:
    attack: Callable[..., Collateral] = getattr(COLLATERAL_ATTACKS, name)
    takes_platform = "platform" in inspect.signature(attack).parameters
    collateral = attack(PLATFORM) if takes_platform else attack()
    with pytest.raises(EvidenceError):
        verify(SGX_QUOTE, collateral)
    if name in STRICTER:
        oracle(SGX_QUOTE, collateral)
    else:
        with pytest.raises(ValueError):
            oracle(SGX_QUOTE, collateral)


def with_chain(chain: bytes) -> bytes:
    return replace(QE, pck_chain=chain).quote(3, Tee.SGX, BODY)


def with_attribute(bit: int) -> bytes:
    return TEE.tdx_quote(TrustDomain(attributes=1 << 28 | 1 << bit), REPORT_DATA)


def with_leftover() -> bytes:
    size = int.from_bytes(SGX_QUOTE[432:436], "little") + 1
    return SGX_QUOTE[:432] + size.to_bytes(4, "little") + SGX_QUOTE[436:] + b"\0"


def with_document(**changes: object) -> Collateral:
    document = documents.tcb_info(Tee.SGX, NOW, NOW + timedelta(days=1)) | changes
    return replace(SGX_COLLATERAL, tcb_info=TEE.signed(document))


@pytest.mark.parametrize(
    ("quote", "collateral"),
    [
        (with_chain(QE.pck_chain + TEE.root_ca.pem), SGX_COLLATERAL),
        (with_chain(b"text\n" + QE.pck_chain), SGX_COLLATERAL),
        (
            with_chain(TEE.pck(PLATFORM).pem + TEE.root_ca.pem + TEE.pck_ca(PLATFORM.ca).pem),
            SGX_COLLATERAL,
        ),
        (with_leftover(), SGX_COLLATERAL),
        (with_attribute(16), TDX_COLLATERAL),
        (with_attribute(27), TDX_COLLATERAL),
        (with_attribute(62), TDX_COLLATERAL),
        (SGX_QUOTE, with_document(version=2)),
        (SGX_QUOTE, with_document(tcbType=1)),
    ],
    ids=[
        "certificate too many",
        "text in the chain",
        "chain in another order",
        "leftover",
        "attribute 16",
        "attribute 27",
        "attribute 62",
        "TCB info version 2",
        "TCB info type 1",
    ],
)
def test_stricter_on_purpose(quote: bytes, collateral: Collateral) -> None:
    oracle(quote, collateral)
    with pytest.raises(EvidenceError):
        verify(quote, collateral)


@pytest.mark.parametrize(
    ("quote", "collateral"),
    [
        (TEE.sgx_quote(Enclave(debug=True), REPORT_DATA), SGX_COLLATERAL),
        (TEE.tdx_quote(TrustDomain(debug=True), REPORT_DATA), TDX_COLLATERAL),
        (replace(QE, authentication_data=b"x" * 16).quote(3, Tee.SGX, BODY), SGX_COLLATERAL),
    ],
    ids=["debug enclave", "debug trust domain", "short authentication data"],
)
def test_left_to_policy_on_purpose(quote: bytes, collateral: Collateral) -> None:
    verify(quote, collateral)
    with pytest.raises(ValueError):
        oracle(quote, collateral)
