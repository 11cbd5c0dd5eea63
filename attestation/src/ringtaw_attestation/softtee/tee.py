"""The software TEE: quotes, collateral and sealing keys, real in everything but hardware."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from ringtaw_attestation.collateral.model import Collateral, PckCa, PlatformKind, SignedDocument
from ringtaw_attestation.quote.parse import Tee, add_open_enclave_header
from ringtaw_attestation.softtee import documents, pki
from ringtaw_attestation.softtee.bodies import Enclave, TrustDomain
from ringtaw_attestation.softtee.keys import SEED_SIZE, Keys, measurement
from ringtaw_attestation.softtee.pki import Identity, Request, issue, revocation_list
from ringtaw_attestation.softtee.platform import ENCLAVE_SVN, SoftwarePlatform
from ringtaw_attestation.softtee.quoting import QuotingEnclave
from ringtaw_attestation.trust import TrustedRoot

LIFETIME: Final = timedelta(days=30)
"""How long collateral lasts, as Intel's does."""
SEALING_KEY_SIZE: Final = 16
_TD_BODY_1_5: Final = 3


class SealingBinding(StrEnum):
    """What a sealing key is bound to."""

    PRODUCT = "product"
    """Signer and product id: survives an update of the enclave."""
    MEASUREMENT = "measurement"
    """The exact enclave."""


class SoftwareTee:
    """A make-believe manufacturer with its platforms. The same seed makes the same one.

    Nothing it says is worth anything, and it is trusted only where :attr:`root` is configured
    explicitly; the words "software TEE" are in the names of all its certificates.
    """

    def __init__(self, seed: bytes | None = None) -> None:
        self.seed: Final = os.urandom(SEED_SIZE) if seed is None else seed
        self._keys = Keys(self.seed)

    @cached_property
    def root(self) -> TrustedRoot:
        """What a verifier must be told to trust."""
        return TrustedRoot(self.root_ca.certificate)

    @cached_property
    def root_ca(self) -> Identity:
        """The root CA."""
        return issue(self._request(pki.ROOT, path_length=1))

    @cached_property
    def tcb_signer(self) -> Identity:
        """Who signs TCB info and QE identity."""
        return issue(self._request(pki.TCB_SIGNER), self.root_ca)

    def pck_ca(self, ca: PckCa) -> Identity:
        """Return a CA of PCK certificates."""
        return issue(self._request(f"PCK {ca.capitalize()} CA", path_length=0), self.root_ca)

    def pck(self, platform: SoftwarePlatform, not_after: datetime = pki.NOT_AFTER) -> Identity:
        """Return a platform's key and certificate."""
        label = f"{pki.PCK} {platform.ca} {platform.name}"
        request = Request(
            pki.PCK,
            self._keys.signing_key(label),
            self._keys.serial_number(label),
            not_after=not_after,
            platform=platform,
        )
        return issue(request, self.pck_ca(platform.ca))

    def quoting_enclave(self, platform: SoftwarePlatform, tee: Tee) -> QuotingEnclave:
        """Return a platform's quoting enclave for SGX or TDX."""
        pck = self.pck(platform)
        return QuotingEnclave(
            pck_key=pck.key,
            pck_chain=pck.pem + self.pck_ca(platform.ca).pem + self.root_ca.pem,
            attestation_key=self._keys.signing_key(f"attestation {platform.name} {tee}"),
            identity=Enclave(
                unique_id=measurement(f"software TEE {tee} quoting enclave, built"),
                signer_id=documents.QE_SIGNER[tee],
                product_id=documents.QE_PRODUCT[tee],
                security_version=ENCLAVE_SVN[platform.qe_status],
            ),
            cpu_svn=platform.components,
        )

    def sgx_quote(
        self,
        enclave: Enclave,
        report_data: bytes,
        platform: SoftwarePlatform = SoftwarePlatform(),  # noqa: B008 - immutable
        *,
        open_enclave_header: bool = False,
    ) -> bytes:
        """Return an SGX quote, version 3, over 64 bytes of report data."""
        qe = self.quoting_enclave(platform, Tee.SGX)
        quote = qe.quote(3, Tee.SGX, enclave.body(report_data, platform))
        return add_open_enclave_header(quote) if open_enclave_header else quote

    def tdx_quote(
        self,
        domain: TrustDomain,
        report_data: bytes,
        platform: SoftwarePlatform = SoftwarePlatform(),  # noqa: B008 - immutable
        *,
        version: int = 4,
    ) -> bytes:
        """Return a TDX quote over 64 bytes of report data: TDX 1.0 in version 4, 1.5 in 5."""
        qe = self.quoting_enclave(platform, Tee.TDX)
        if version == 4:
            return qe.quote(4, Tee.TDX, domain.body(report_data, platform))
        return qe.quote(5, Tee.TDX, domain.body_1_5(report_data, platform), _TD_BODY_1_5)

    def collateral(self, kind: PlatformKind, issued: datetime) -> Collateral:
        """Return collateral for its platforms, issued at a time and current for thirty days."""
        next_update = issued + LIFETIME
        return Collateral(
            root_crl=self.root_crl(issued, next_update),
            pck_crl=self.pck_crl(kind.ca, issued, next_update),
            pck_crl_issuer_chain=self.pck_ca(kind.ca).pem + self.root_ca.pem,
            tcb_info=self.signed(documents.tcb_info(kind.tee, issued, next_update)),
            qe_identity=self.signed(documents.qe_identity(kind.tee, issued, next_update)),
        )

    def root_crl(
        self, issued: datetime, next_update: datetime, revoked: tuple[Identity, ...] = ()
    ) -> bytes:
        """Return the root's revocation list."""
        return _crl(self.root_ca, issued, next_update, revoked)

    def pck_crl(
        self, ca: PckCa, issued: datetime, next_update: datetime, revoked: tuple[Identity, ...] = ()
    ) -> bytes:
        """Return the revocation list of a CA of PCK certificates."""
        return _crl(self.pck_ca(ca), issued, next_update, revoked)

    def signed(self, document: dict[str, Any]) -> SignedDocument:
        """Return TCB info or QE identity, signed."""
        return documents.sign_document(document, self.tcb_signer, self.root_ca)

    def sealing_key(self, enclave: Enclave, binding: SealingBinding) -> bytes:
        """Return the sealing key of an enclave: 16 bytes. Debug enclaves have others."""
        if binding is SealingBinding.MEASUREMENT:
            bound_to = enclave.unique_id.hex()
        else:
            bound_to = f"{enclave.signer_id.hex()} {enclave.product_id}"
        label = f"sealing\0{binding}\0{enclave.debug}\0{bound_to}"
        return self._keys.derive(label, SEALING_KEY_SIZE)

    def _request(self, role: str, path_length: int | None = None) -> Request:
        return Request(
            role,
            self._keys.signing_key(role),
            self._keys.serial_number(role),
            path_length=path_length,
        )


def _crl(
    issuer: Identity, issued: datetime, next_update: datetime, revoked: tuple[Identity, ...]
) -> bytes:
    serial_numbers = [identity.certificate.serial_number for identity in revoked]
    return revocation_list(issuer, issued, next_update, serial_numbers)
