"""Verdicts agree with dcap-qvl, an independent implementation, or are stricter on purpose."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
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
    TEE,
    oracle,
    verify,
)

STRICTER = {"other_pce"}
"""Attacks that dcap-qvl lets pass: it does not compare the PCE id."""


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
