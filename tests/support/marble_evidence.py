"""Marbles' evidence by the software TEE, and what judges it, without a Coordinator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from ringtaw_attestation import (
    Collateral,
    CollateralSource,
    PlatformKind,
    TrustedRoot,
    Verifiers,
    certificate_report_data,
)
from ringtaw_attestation.softtee import Enclave, SoftwarePlatform, TrustDomain
from ringtaw_coordinator.core.api import ActivationRequest
from ringtaw_coordinator.core.evidence import QuoteVerifier
from ringtaw_coordinator.errors import VerificationError
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.manifest.model import Manifest

from tests.support.deployments import manifest, request
from tests.support.evidence import PLATFORM, ROOTS, TEE

CERTIFICATE: Final = b"the certificate of this connection, in DER"
OTHER: Final = b"the certificate of another connection, in DER"
ENCLAVE: Final = Enclave(product_id=7, security_version=3)
DOMAIN: Final = TrustDomain(rtmrs=(b"\0" * 48, b"\1" * 48, b"\2" * 48, b"\3" * 48))
UNIQUE: Final = {"UniqueID": ENCLAVE.unique_id.hex()}
PRODUCT: Final = {"SignerID": ENCLAVE.signer_id.hex(), "ProductID": 7, "SecurityVersion": 3}
RTMRS: Final = {f"RTMR{number}": rtmr.hex() for number, rtmr in enumerate(DOMAIN.rtmrs)}
TDX: Final = {"TDX": {"MRTD": DOMAIN.mr_td.hex(), **RTMRS}}


@dataclass
class Source:
    """Collateral of the software TEE as of now, unless the test gives another."""

    collateral: Collateral | None = None
    error: Exception | None = None

    def fetch(self, platform: PlatformKind) -> Collateral:
        if self.error:
            raise self.error
        return self.collateral or TEE.collateral(platform, datetime.now(UTC))


def quote_verifier(
    source: CollateralSource | None = None, roots: tuple[TrustedRoot, ...] = ROOTS
) -> QuoteVerifier:
    return QuoteVerifier(Verifiers.installed(), roots, source or Source())


def policy(package: Mapping[str, Any] = UNIQUE, **sections: Any) -> Manifest:
    """Return a manifest whose only Marble has this package."""
    return load_manifest(manifest(Packages={"frontend": package}, **sections)).manifest


def sgx(
    enclave: Enclave = ENCLAVE,
    platform: SoftwarePlatform = PLATFORM,
    report_data: bytes = certificate_report_data(CERTIFICATE),
) -> bytes:
    return TEE.sgx_quote(enclave, report_data, platform)


def tdx(domain: TrustDomain = DOMAIN) -> bytes:
    return TEE.tdx_quote(domain, certificate_report_data(CERTIFICATE))


def with_evidence(quote: bytes, certificate: bytes = CERTIFICATE) -> ActivationRequest:
    return replace(request(), quote=quote, peer_certificate=certificate)


async def verify(
    quote: bytes, wanted: Manifest | None = None, verifier: QuoteVerifier | None = None
) -> None:
    wanted = wanted or policy()
    judge = verifier or quote_verifier()
    await judge.verify(with_evidence(quote), wanted.marbles["frontend"], wanted)


async def refusal(
    quote: bytes, wanted: Manifest | None = None, verifier: QuoteVerifier | None = None
) -> str:
    with pytest.raises(VerificationError) as caught:
        await verify(quote, wanted, verifier)
    return str(caught.value)
