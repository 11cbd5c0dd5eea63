"""Real quotes from real processors, when they are at hand."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import dcap_qvl
import pytest
from ringtaw_attestation import (
    INTEL_SGX_ROOT_CA,
    Collateral,
    EvidenceError,
    Step,
    TcbStatus,
    TrustedRoot,
    claims_software_tee,
    collateral_from_json,
    parse_quote,
    verify_quote,
)
from ringtaw_attestation.certificates.chain import verify_chain
from ringtaw_attestation.certificates.pck import parse_pck_extension
from ringtaw_attestation.certificates.profile import public_key_of
from ringtaw_attestation.dcap.pck import platform_kind
from ringtaw_attestation.dcap.quoting_enclave import (
    check_qe_report_binding,
    check_qe_report_signature,
    check_quote_signature,
)
from ringtaw_attestation.quote.sgx import EnclaveReport
from ringtaw_attestation.quote.tdx import TdReport

from tests.support.evidence import ROOTS, oracle, real_quotes

THEN = datetime(2025, 6, 21, tzinfo=UTC)
ROOT = (INTEL_SGX_ROOT_CA,)


@pytest.fixture
def samples() -> Path:
    return real_quotes()


def with_collateral(samples: Path, name: str) -> tuple[bytes, Collateral]:
    collateral = collateral_from_json((samples / f"{name}.collateral.json").read_bytes())
    return (samples / f"{name}.bin").read_bytes(), collateral


def azure(samples: Path, name: str) -> tuple[bytes, dict[str, object]]:
    facts = json.loads((samples / f"sgx-oe-azure-{name}.json").read_text())
    return bytes.fromhex(facts["QuoteHex"]), facts


def check_without_collateral(evidence: bytes) -> None:
    """Check all that needs no collateral: chain to Intel's root and the three signatures."""
    quote = parse_quote(evidence)
    chain = verify_chain(quote.signature.pck_chain, 2, ROOT, Step.PCK_CHAIN, "chain")
    check_qe_report_signature(quote.signature, public_key_of(chain.leaf))
    check_qe_report_binding(quote.signature, quote.signature.qe_report)
    check_quote_signature(quote)


def test_pinned_root_is_the_one_that_intel_publishes() -> None:
    fingerprint = "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"
    assert INTEL_SGX_ROOT_CA.fingerprint == fingerprint
    assert INTEL_SGX_ROOT_CA.name == "Intel SGX Root CA"


def test_sgx(samples: Path) -> None:
    quote, collateral = with_collateral(samples, "sgx-v3-phala")
    report = verify_quote(quote, collateral, THEN)
    assert report.root == INTEL_SGX_ROOT_CA
    assert not report.is_software_tee
    assert not claims_software_tee(quote)
    assert report.tcb.status is TcbStatus.CONFIGURATION_AND_SW_HARDENING_NEEDED
    assert report.tcb.advisories == ("INTEL-SA-00289", "INTEL-SA-00615")
    assert report.report_data.rstrip(b"\0") == b"Hello, world!"
    assert report.valid_until == datetime(2025, 7, 19, 10, 1, 18, tzinfo=UTC)
    theirs = oracle(quote, collateral, INTEL_SGX_ROOT_CA.der, THEN)
    assert theirs == (report.tcb.status, report.tcb.advisories)


def test_tdx(samples: Path) -> None:
    quote, collateral = with_collateral(samples, "tdx-v4-phala")
    report = verify_quote(quote, collateral, THEN)
    assert (report.tcb.status, report.tcb.advisories) == (TcbStatus.UP_TO_DATE, ())
    assert isinstance(report.body, TdReport)
    assert report.body.mr_td.hex().startswith("91eb2b44d141d4ec")
    assert report.body.rtmrs[3] == bytes(48)
    assert oracle(quote, collateral, INTEL_SGX_ROOT_CA.der, THEN) == ("UpToDate", ())


@pytest.mark.parametrize("name", ["sgx-v3-phala", "tdx-v4-phala"])
def test_collateral_is_not_used_outside_of_its_time(samples: Path, name: str) -> None:
    quote, collateral = with_collateral(samples, name)
    for time in (datetime(2025, 6, 18, tzinfo=UTC), datetime(2025, 7, 20, tzinfo=UTC)):
        with pytest.raises(EvidenceError):
            verify_quote(quote, collateral, time)
        with pytest.raises(ValueError):
            oracle(quote, collateral, INTEL_SGX_ROOT_CA.der, time)


@pytest.mark.parametrize("name", ["sgx-v3-phala", "tdx-v4-phala"])
def test_intel_is_not_trusted_where_only_a_software_tee_is(samples: Path, name: str) -> None:
    quote, collateral = with_collateral(samples, name)
    with pytest.raises(EvidenceError, match="trusted root"):
        verify_quote(quote, collateral, THEN, ROOTS)


@pytest.mark.parametrize("name", ["debug", "release", "prodid"])
def test_azure(samples: Path, name: str) -> None:
    evidence, facts = azure(samples, name)
    check_without_collateral(evidence)
    body = parse_quote(evidence).body
    assert isinstance(body, EnclaveReport)
    assert body.mr_enclave.hex().upper() == facts["MrEnclaveHex"]
    assert body.mr_signer.hex().upper() == facts["MrSignerHex"]
    assert body.isv_product_id == int.from_bytes(
        bytes.fromhex(str(facts["ProductIdHex"])), "little"
    )
    assert (body.isv_svn, body.debug) == (facts["SecurityVersion"], facts["Attributes"] == 3)
    held = bytes.fromhex(str(facts["EnclaveHeldDataHex"]))
    assert body.report_data == hashlib.sha256(held).digest() + bytes(32)


def test_occlum(samples: Path) -> None:
    evidence = (samples / "sgx-v3-occlum.bin").read_bytes()
    check_without_collateral(evidence)
    quote = parse_quote(evidence)
    assert quote.body.debug
    assert quote.body.report_data.rstrip(b"\0") == b"test"
    assert str(platform_kind(quote, ROOT)) == "sgx-platform-00606A000000"


def test_tampered_chain(samples: Path) -> None:
    evidence = (samples / "sgx-oe-bad.bin").read_bytes()
    with pytest.raises(EvidenceError) as caught:
        platform_kind(parse_quote(evidence), ROOT)
    assert caught.value.step == Step.PCK_CHAIN
    with pytest.raises(EvidenceError) as caught:
        check_without_collateral(evidence)
    assert caught.value.step == Step.PCK_CHAIN


def test_roots_in_real_quotes_are_the_pinned_authority(samples: Path) -> None:
    evidence, _ = azure(samples, "release")
    chain = parse_quote(evidence).signature.pck_chain
    presented = verify_chain(chain, 2, ROOT, Step.PCK_CHAIN, "chain").presented_root
    assert presented is not None
    assert TrustedRoot(presented) != INTEL_SGX_ROOT_CA, "an older certificate"
    assert INTEL_SGX_ROOT_CA.is_same_authority(presented)


@pytest.mark.parametrize("name", ["sgx-v3-phala", "sgx-v3-occlum", "tdx-v4-phala"])
def test_pck_extension_agrees_with_dcap_qvl(samples: Path, name: str) -> None:
    evidence = (samples / f"{name}.bin").read_bytes()
    pem = parse_quote(evidence).signature.pck_chain.rstrip(b"\0")
    leaf = verify_chain(pem, 2, ROOT, Step.PCK_CHAIN, "chain").leaf
    ours, theirs = parse_pck_extension(leaf), dcap_qvl.parse_pck_extension_from_pem(pem)
    for field in ("ppid", "cpu_svn", "pce_svn", "pce_id", "fmspc", "sgx_type"):
        assert getattr(ours, field) == getattr(theirs, field), field
    assert ours.platform_instance_id == theirs.platform_instance_id


@pytest.mark.parametrize("name", ["sgx-v3-phala", "tdx-v4-phala"])
def test_changes_of_real_quotes_are_refused(samples: Path, name: str) -> None:
    quote, collateral = with_collateral(samples, name)
    end = len(quote.rstrip(b"\0"))
    for offset in range(0, end, 11):
        mutant = quote[:offset] + bytes([quote[offset] ^ 1]) + quote[offset + 1 :]
        with pytest.raises(EvidenceError):
            verify_quote(mutant, collateral, THEN)
