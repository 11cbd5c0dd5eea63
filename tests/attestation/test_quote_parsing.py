"""Parsing: what is in a quote, and that nothing malformed gets through."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_attestation import EvidenceError, Step, Tee, parse_quote
from ringtaw_attestation.quote.parse import (
    MAX_EVIDENCE_SIZE,
    add_open_enclave_header,
    is_raw_sgx_quote,
)
from ringtaw_attestation.quote.sgx import EnclaveReport
from ringtaw_attestation.quote.tdx import TdReport
from ringtaw_attestation.softtee import Enclave, TrustDomain

from tests.support.evidence import PLATFORM, REPORT_DATA, SGX_QUOTE, TDX_QUOTE, TEE

TDX_5_QUOTE = TEE.tdx_quote(TrustDomain(mr_service_td=b"\x07" * 48), REPORT_DATA, version=5)
QUOTES = {"sgx-3": SGX_QUOTE, "tdx-4": TDX_QUOTE, "tdx-5": TDX_5_QUOTE}


def refusal(evidence: bytes) -> str:
    with pytest.raises(EvidenceError) as caught:
        parse_quote(evidence)
    assert caught.value.step is Step.QUOTE_FORMAT
    return str(caught.value)


def replaced(quote: bytes, offset: int, new: bytes) -> bytes:
    return quote[:offset] + new + quote[offset + len(new) :]


def test_sgx_fields() -> None:
    enclave = Enclave(b"\x01" * 32, b"\x02" * 32, product_id=3, security_version=4, debug=True)
    quote = parse_quote(TEE.sgx_quote(enclave, bytes(range(64))))
    assert (quote.header.version, quote.header.tee) == (3, Tee.SGX)
    assert (quote.header.qe_svn, quote.header.pce_svn) == (8, 11)
    body = quote.body
    assert isinstance(body, EnclaveReport)
    assert (body.mr_enclave, body.mr_signer) == (b"\x01" * 32, b"\x02" * 32)
    assert (body.isv_product_id, body.isv_svn, body.debug) == (3, 4, True)
    assert body.report_data == bytes(range(64))
    assert body.cpu_svn == PLATFORM.components


def test_tdx_fields() -> None:
    rtmrs = (b"\x01" * 48, b"\x02" * 48, b"\x03" * 48, b"\x04" * 48)
    domain = TrustDomain(b"\x05" * 48, rtmrs, debug=True, mr_service_td=b"\x07" * 48)
    for version in (4, 5):
        quote = parse_quote(TEE.tdx_quote(domain, REPORT_DATA, version=version))
        assert (quote.header.version, quote.header.tee) == (version, Tee.TDX)
        body = quote.body
        assert isinstance(body, TdReport)
        assert (body.mr_td, body.rtmrs, body.debug) == (b"\x05" * 48, rtmrs, True)
        assert body.report_data == REPORT_DATA
        assert body.mr_service_td == (b"\x07" * 48 if version == 5 else None)
        assert body.tee_tcb_svn_2 == (PLATFORM.tee_tcb_svn if version == 5 else None)


def test_open_enclave_header_is_cut_off() -> None:
    assert parse_quote(add_open_enclave_header(SGX_QUOTE)) == parse_quote(SGX_QUOTE)


def test_raw_sgx_quotes_are_told_from_others() -> None:
    assert is_raw_sgx_quote(SGX_QUOTE)
    for other in (b"", SGX_QUOTE[:5], TDX_QUOTE, add_open_enclave_header(SGX_QUOTE)):
        assert not is_raw_sgx_quote(other)


@pytest.mark.parametrize("quote", QUOTES.values(), ids=QUOTES)
def test_bytes_after_the_signature_data_are_cut(quote: bytes) -> None:
    assert parse_quote(quote + bytes(1000)) == parse_quote(quote)
    assert parse_quote(quote + b"\xff") == parse_quote(quote)


@pytest.mark.parametrize("quote", QUOTES.values(), ids=QUOTES)
def test_every_truncation_is_refused(quote: bytes) -> None:
    for length in range(len(quote)):
        refusal(quote[:length])


def test_every_truncation_behind_a_header_is_refused() -> None:
    evidence = add_open_enclave_header(SGX_QUOTE)
    for length in range(len(evidence)):
        refusal(evidence[:length])
    refusal(evidence + b"\0")


@given(st.binary(max_size=2000))
def test_random_bytes_are_refused(evidence: bytes) -> None:
    refusal(evidence)


@given(st.sampled_from(sorted(QUOTES)), st.data())
def test_random_changes_parse_or_are_refused(name: str, data: st.DataObject) -> None:
    quote = QUOTES[name]
    offset = data.draw(st.integers(0, len(quote) - 1))
    changed = replaced(quote, offset, data.draw(st.binary(min_size=1, max_size=8)))
    with contextlib.suppress(EvidenceError):
        parsed = parse_quote(changed[: len(quote)])
        assert changed.startswith(parsed.signed)


@pytest.mark.parametrize(
    ("offset", "new", "words"),
    [
        (0, b"\x02", "version 2"),
        (0, b"\x04", "version 4 for TEE type 0x0"),
        (0, b"\x06", "version 6"),
        (2, b"\x03", "key type 3"),
        (4, b"\x81", "version 3 for TEE type 0x81"),
        (4, b"\x82", "TEE type 0x82"),
        (12, b"\x00", "vendor"),
        (432, b"\xff\xff\xff\x7f", "longer than"),
    ],
)
def test_unsupported_headers_say_what_is_wrong(offset: int, new: bytes, words: str) -> None:
    assert words in refusal(replaced(SGX_QUOTE, offset, new))


def test_quote_without_certificates_says_what_to_install() -> None:
    certification_type = 432 + 4 + 128 + 384 + 64 + 2 + 32
    assert "PCCS" in refusal(replaced(SGX_QUOTE, certification_type, b"\x03"))
    assert "type 9" in refusal(replaced(SGX_QUOTE, certification_type, b"\x09"))


def test_version_5_body_type_and_size_must_agree() -> None:
    assert "type 2 and 648" in refusal(replaced(TDX_5_QUOTE, 48, b"\x02"))
    assert "type 1" in refusal(replaced(TDX_5_QUOTE, 48, b"\x01"))
    assert "type 3 and 649" in refusal(replaced(TDX_5_QUOTE, 50, b"\x89"))


def test_open_enclave_local_report_is_refused() -> None:
    evidence = add_open_enclave_header(SGX_QUOTE)
    assert "type 1" in refusal(replaced(evidence, 4, b"\x01"))


def test_length_is_limited() -> None:
    assert "longer than" in refusal(SGX_QUOTE + bytes(MAX_EVIDENCE_SIZE))


def test_leftover_inside_the_signature_data_is_refused() -> None:
    size = int.from_bytes(SGX_QUOTE[432:436], "little") + 1
    longer = replaced(SGX_QUOTE, 432, size.to_bytes(4, "little")) + b"\0"
    assert "1 bytes too many" in refusal(longer)
