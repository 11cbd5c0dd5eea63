"""Every change of one byte of a valid quote or of collateral is refused, or changes no meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ringtaw_attestation import (
    AttestationError,
    Collateral,
    EvidenceError,
    SignedDocument,
    collateral_from_json,
    collateral_to_json,
)
from ringtaw_attestation.certificates.chain import verify_chain
from ringtaw_attestation.certificates.crl import verify_crl
from ringtaw_attestation.collateral.verified import (
    verify_collateral,
    verify_qe_identity,
    verify_tcb_info,
)
from ringtaw_attestation.errors import Step
from ringtaw_attestation.softtee import TrustDomain

from tests.support.evidence import (
    PLATFORM,
    REPORT_DATA,
    ROOTS,
    SGX_COLLATERAL,
    SGX_QUOTE,
    TDX_COLLATERAL,
    TDX_QUOTE,
    TEE,
    verify,
)

TDX_5_QUOTE = TEE.tdx_quote(TrustDomain(), REPORT_DATA, version=5)
QUOTES = {
    "sgx-3": (SGX_QUOTE, SGX_COLLATERAL),
    "tdx-4": (TDX_QUOTE, TDX_COLLATERAL),
    "tdx-5": (TDX_5_QUOTE, TDX_COLLATERAL),
}
ROOT_CRL = verify_collateral(SGX_COLLATERAL, ROOTS).root_crl
PCK_CA = TEE.pck_ca(PLATFORM.ca).certificate


def changed(data: bytes, offset: int, mask: int) -> bytes:
    return data[:offset] + bytes([data[offset] ^ mask]) + data[offset + 1 :]


def every_change(data: bytes) -> list[bytes]:
    """One change per byte; the bit wanders, so that neighbours are hit differently."""
    return [changed(data, offset, 1 << offset % 8) for offset in range(len(data))]


def refused(action: Callable[[], object]) -> bool:
    try:
        action()
    except AttestationError:
        return True
    return False


@pytest.mark.parametrize("name", QUOTES)
def test_every_byte_of_a_quote_counts(name: str) -> None:
    quote, collateral = QUOTES[name]
    for mutant in every_change(quote):
        with pytest.raises(EvidenceError):
            verify(mutant, collateral)


@given(st.sampled_from(sorted(QUOTES)), st.integers(min_value=0), st.integers(1, 255))
@settings(max_examples=300)
def test_any_change_of_a_quote_is_refused_or_means_the_same(
    name: str, position: int, mask: int
) -> None:
    quote, collateral = QUOTES[name]
    mutant = changed(quote, position % len(quote), mask)
    assert refused(lambda: verify(mutant, collateral)) or (
        verify(mutant, collateral) == verify(quote, collateral)
    )


@given(st.sampled_from(sorted(QUOTES)), st.integers(min_value=0), st.binary(max_size=64))
@settings(max_examples=200)
def test_any_insertion_into_a_quote_is_refused_or_means_the_same(
    name: str, position: int, insertion: bytes
) -> None:
    quote, collateral = QUOTES[name]
    position %= len(quote) + 1
    mutant = quote[:position] + insertion + quote[position:]
    assert refused(lambda: verify(mutant, collateral)) or (
        verify(mutant, collateral) == verify(quote, collateral)
    )


def test_every_byte_of_revocation_lists_counts() -> None:
    for crl, issuer in (
        (SGX_COLLATERAL.root_crl, TEE.root_ca.certificate),
        (SGX_COLLATERAL.pck_crl, PCK_CA),
    ):
        for mutant in every_change(crl):
            with pytest.raises(EvidenceError):
                verify_crl(mutant, issuer, Step.PCK_CRL, "CRL")


@pytest.mark.parametrize(
    "chain", [SGX_COLLATERAL.pck_crl_issuer_chain, SGX_COLLATERAL.tcb_info.issuer_chain]
)
def test_every_byte_of_issuer_chains_counts(chain: bytes) -> None:
    for mutant in every_change(chain):
        with pytest.raises(EvidenceError):
            verify_chain(mutant, 1, ROOTS, Step.TCB_INFO, "chain")


@pytest.mark.parametrize("field", ["content", "signature"])
def test_every_byte_of_signed_documents_counts(field: str) -> None:
    def mutants(document: SignedDocument) -> list[SignedDocument]:
        return [
            replace(document, **{field: data}) for data in every_change(getattr(document, field))
        ]

    for mutant in mutants(SGX_COLLATERAL.tcb_info):
        with pytest.raises(EvidenceError):
            verify_tcb_info(replace(SGX_COLLATERAL, tcb_info=mutant), TEE.root, ROOT_CRL)
    for mutant in mutants(SGX_COLLATERAL.qe_identity):
        with pytest.raises(EvidenceError):
            verify_qe_identity(replace(SGX_COLLATERAL, qe_identity=mutant), TEE.root, ROOT_CRL)


FIELDS: dict[str, Callable[[bytes], Collateral]] = {
    "root_crl": lambda data: replace(SGX_COLLATERAL, root_crl=data),
    "pck_crl": lambda data: replace(SGX_COLLATERAL, pck_crl=data),
    "pck_crl_issuer_chain": lambda data: replace(SGX_COLLATERAL, pck_crl_issuer_chain=data),
}


@pytest.mark.parametrize("field", FIELDS)
def test_truncated_collateral_is_refused(field: str) -> None:
    data = getattr(SGX_COLLATERAL, field)
    end = len(data.rstrip(b"\n"))
    for length in range(0, end, 7):
        with pytest.raises(EvidenceError):
            verify(SGX_QUOTE, FIELDS[field](data[:length]))


@pytest.mark.parametrize("member", ["content", "signature", "issuer_chain"])
def test_truncated_documents_are_refused(member: str) -> None:
    data = getattr(SGX_COLLATERAL.tcb_info, member)
    for length in range(0, len(data.rstrip(b"\n")), 7):
        if member == "issuer_chain" and data[:length].rstrip().endswith(b"-END CERTIFICATE-----"):
            continue  # whole without the root, which is not trusted for being there anyway
        document = replace(SGX_COLLATERAL.tcb_info, **{member: data[:length]})
        with pytest.raises(EvidenceError):
            verify(SGX_QUOTE, replace(SGX_COLLATERAL, tcb_info=document))


@given(st.integers(min_value=0), st.integers(1, 255))
@settings(max_examples=300)
def test_any_change_of_a_collateral_file_is_refused_or_means_the_same(
    position: int, mask: int
) -> None:
    text = collateral_to_json(SGX_COLLATERAL)
    mutant = changed(text, position % len(text), mask)
    assert refused(lambda: verify(SGX_QUOTE, collateral_from_json(mutant))) or (
        verify(SGX_QUOTE, collateral_from_json(mutant)) == verify(SGX_QUOTE, SGX_COLLATERAL)
    )
