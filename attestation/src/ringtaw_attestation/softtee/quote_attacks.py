"""Attacks on quotes, for tests: each method returns a quote that must be refused.

The step that refuses it is named with each.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from ringtaw_attestation.quote.parse import Tee
from ringtaw_attestation.softtee import pki
from ringtaw_attestation.softtee.bodies import Enclave
from ringtaw_attestation.softtee.pki import Request, issue
from ringtaw_attestation.softtee.platform import SoftwarePlatform
from ringtaw_attestation.softtee.quoting import QE_FLAGS, QuotingEnclave
from ringtaw_attestation.softtee.tee import SoftwareTee

_DEBUG: Final = 0x02
_BODY: Final = 48


class QuoteAttacks:
    """Quotes over an attacker's enclave by somebody who is not a genuine quoting enclave."""

    def __init__(
        self, tee: SoftwareTee, platform: SoftwarePlatform, enclave: Enclave, report_data: bytes
    ) -> None:
        self._tee = tee
        self._platform = platform
        self._qe = tee.quoting_enclave(platform, Tee.SGX)
        self._enclave = enclave
        self._report_data = report_data
        self._own_key = SoftwareTee(bytes(32)).root_ca.key

    def changed_body(self) -> bytes:
        """Another MRENCLAVE in a genuine quote (quote-signature)."""
        genuine = self._quote(self._qe)
        body = replace(self._enclave, unique_id=b"\xee" * 32).body(
            self._report_data, self._platform
        )
        return genuine[:_BODY] + body + genuine[_BODY + len(body) :]

    def own_attestation_key(self) -> bytes:
        """A quote signed with an own key beside a genuine QE report (qe-report-binding)."""
        genuine, own = self._quote(self._qe), self._quote(replace(self._qe, **self._own()))
        end_of_key = _BODY + 384 + 4 + 128
        return own[:end_of_key] + genuine[end_of_key:]

    def own_platform_key(self) -> bytes:
        """A QE report signed with an own key beside a genuine chain (qe-report-signature)."""
        return self._quote(replace(self._qe, pck_key=self._own_key, **self._own()))

    def own_root(self) -> bytes:
        """A whole other TEE whose certificates have the same names (pck-chain)."""
        other = SoftwareTee(b"\xee" * 32)
        return self._quote(other.quoting_enclave(self._platform, Tee.SGX))

    def own_intermediate(self) -> bytes:
        """A PCK certificate issued by an own CA below the genuine root's name (pck-chain)."""
        other = SoftwareTee(b"\xee" * 32).quoting_enclave(self._platform, Tee.SGX)
        foreign_part = other.pck_chain[: -len(self._tee.root_ca.pem)]
        chain = foreign_part + self._tee.root_ca.pem
        return self._quote(replace(other, pck_chain=chain))

    def platform_as_ca(self) -> bytes:
        """A PCK certificate issued by another platform's key (pck-chain)."""
        stolen = self._tee.pck(self._platform)
        request = Request(pki.PCK, self._own_key, 4711, platform=self._platform)
        pck = issue(request, stolen)
        chain = pck.pem + stolen.pem + self._tee.root_ca.pem
        return self._quote(replace(self._qe, pck_key=self._own_key, pck_chain=chain))

    def expired_platform(self, not_after: datetime) -> bytes:
        """A PCK certificate that ended at a time (pck-chain)."""
        pck = self._tee.pck(self._platform, not_after)
        chain = pck.pem + self._tee.pck_ca(self._platform.ca).pem + self._tee.root_ca.pem
        return self._quote(replace(self._qe, pck_chain=chain))

    def other_quoting_enclave(self) -> bytes:
        """A quoting enclave of the attacker's own making, on real hardware (qe-report-identity)."""
        own = replace(self._qe.identity, signer_id=b"\xee" * 32)
        return self._quote(replace(self._qe, identity=own))

    def other_product(self) -> bytes:
        """Another enclave of the quoting enclave's signer (qe-report-identity)."""
        own = replace(self._qe.identity, product_id=99)
        return self._quote(replace(self._qe, identity=own))

    def debug_quoting_enclave(self) -> bytes:
        """The genuine quoting enclave, under the attacker's debugger (qe-report-identity)."""
        return self._quote(replace(self._qe, flags=QE_FLAGS | _DEBUG))

    def ancient_quoting_enclave(self) -> bytes:
        """A quoting enclave that is older than any known level (qe-report-identity)."""
        own = replace(self._qe.identity, security_version=1)
        return self._quote(replace(self._qe, identity=own))

    def _own(self) -> dict[str, Any]:
        return {"attestation_key": self._own_key}

    def _quote(self, qe: QuotingEnclave) -> bytes:
        return qe.quote(3, Tee.SGX, self._enclave.body(self._report_data, self._platform))
