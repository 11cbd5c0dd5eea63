"""The Coordinator's word on quotes of others."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from ringtaw_attestation import (
    CollateralUnavailableError,
    TcbStatus,
    add_open_enclave_header,
)
from ringtaw_coordinator.core.attestation import SIMULATION, Attestation
from ringtaw_coordinator.core.attester import SimulationAttester
from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.errors import FeatureError, UnavailableError, VerificationError
from ringtaw_coordinator.manifest.model import FeatureGate

from tests.support.deployments import coordinator_in, manifest
from tests.support.evidence import PLATFORM
from tests.support.marble_evidence import Source, quote_verifier, sgx, tdx

SIGNING = manifest(Config={"FeatureGates": ["signquoteendpoint"]})


def attestation(source: Source | None = None) -> Attestation:
    return Attestation(quote_verifier(source), SimulationAttester())


def check_signature(coordinator: Coordinator, signature: bytes, signed: str) -> None:
    root = x509.load_der_x509_certificate(coordinator.client_identity.chain[0])
    key = root.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signature, signed.encode(), ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("status", TcbStatus)
async def test_every_status_is_signed(tmp_path: Path, status: TcbStatus) -> None:
    raw = sgx(platform=replace(PLATFORM, status=status), report_data=bytes(64))
    async with coordinator_in(tmp_path, attestation=attestation()) as coordinator:
        await coordinator.set_manifest(SIGNING)
        for quote in (raw, add_open_enclave_header(raw)):
            signed = await coordinator.sign_quote(quote)
            assert signed.tcb_status == status.value
            assert signed.software_tee
            text = b64encode(quote).decode()
            check_signature(coordinator, signed.signature, text + status.value)
            with pytest.raises(InvalidSignature):
                check_signature(coordinator, signed.signature, text + "Other")


async def test_what_does_not_verify_is_not_signed(tmp_path: Path) -> None:
    quote = sgx()
    changed = bytearray(quote)
    changed[453] ^= 1
    async with coordinator_in(tmp_path, attestation=attestation()) as coordinator:
        await coordinator.set_manifest(SIGNING)
        for other, step in (
            (b"", "quote-format"),
            (quote[:-1000], "quote-format"),
            (bytes(changed), "quote-signature"),
            (tdx(), "quote-format: tdx-dcap evidence is no SGX quote"),
        ):
            with pytest.raises(VerificationError, match=f"^{step}"):
                await coordinator.sign_quote(other)


async def test_missing_collateral_is_not_the_quotes_fault(tmp_path: Path) -> None:
    source = Source(error=CollateralUnavailableError("none"))
    async with coordinator_in(tmp_path, attestation=attestation(source)) as coordinator:
        await coordinator.set_manifest(SIGNING)
        with pytest.raises(UnavailableError):
            await coordinator.sign_quote(sgx())


async def test_simulation_signs_nothing(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path, attestation=SIMULATION) as coordinator:
        await coordinator.set_manifest(SIGNING)
        with pytest.raises(VerificationError, match="simulation"):
            await coordinator.sign_quote(sgx())


@pytest.mark.parametrize("gates", [[], ["MonotonicCounter"]])
async def test_only_where_the_manifest_enables_it(tmp_path: Path, gates: list[str]) -> None:
    async with coordinator_in(tmp_path, attestation=attestation()) as coordinator:
        for raw in (b"", manifest(Config={"FeatureGates": gates})):
            if raw:
                await coordinator.set_manifest(raw)
            with pytest.raises(FeatureError, match="SignQuoteEndpoint"):
                coordinator.require_feature(FeatureGate.SIGN_QUOTE_ENDPOINT)
            with pytest.raises(FeatureError, match="SignQuoteEndpoint"):
                await coordinator.sign_quote(sgx())
