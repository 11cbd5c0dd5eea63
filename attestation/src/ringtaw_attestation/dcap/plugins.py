"""The verifiers for Intel DCAP quotes, made by the public contract as any other's would be."""

from __future__ import annotations

from typing import ClassVar, Final

from ringtaw_attestation.dcap.pck import platform_kind
from ringtaw_attestation.dcap.verify import verify_parsed_quote
from ringtaw_attestation.errors import EvidenceError
from ringtaw_attestation.hookspecs import API_VERSION, VerificationContext, Verifier, hookimpl
from ringtaw_attestation.quote.parse import parse_quote, strip_open_enclave_header
from ringtaw_attestation.report import Report

SGX: Final = Verifier(
    name="sgx-dcap",
    summary="Intel SGX quotes, version 3, with or without Open Enclave header",
    api_version=API_VERSION,
    hooks="ringtaw_attestation.dcap.plugins:SgxHooks",
)
TDX: Final = Verifier(
    name="tdx-dcap",
    summary="Intel TDX quotes, versions 4 and 5",
    api_version=API_VERSION,
    hooks="ringtaw_attestation.dcap.plugins:TdxHooks",
)

_VERSIONS: Final = range(3, 6)


class _DcapHooks:
    """What both have in common; the TEE type in the header tells them apart."""

    tee_type: ClassVar[int]

    @hookimpl
    def recognises(self, evidence: bytes) -> bool:
        """Whether version and TEE type are in their places."""
        try:
            quote = strip_open_enclave_header(evidence)
        except EvidenceError:
            return False
        version, tee_type = quote[:2], quote[4:8]
        return (
            len(tee_type) == 4
            and int.from_bytes(version, "little") in _VERSIONS
            and int.from_bytes(tee_type, "little") == self.tee_type
        )

    @hookimpl
    def verify(self, evidence: bytes, context: VerificationContext) -> Report:
        """Verify a quote with collateral from the context's source."""
        quote = parse_quote(evidence)
        collateral = context.collateral.fetch(platform_kind(quote, context.roots))
        return verify_parsed_quote(quote, collateral, context.time, context.roots)


class SgxHooks(_DcapHooks):
    """Hooks of ``sgx-dcap``."""

    tee_type = 0x00


class TdxHooks(_DcapHooks):
    """Hooks of ``tdx-dcap``."""

    tee_type = 0x81
