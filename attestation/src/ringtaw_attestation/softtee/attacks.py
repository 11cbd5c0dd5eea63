"""Attacks on verification, for tests: each method returns what one kind of attacker can make.

An attack on a quote returns a quote, an attack on collateral returns collateral. All of them must
be refused, by the step that is named with each.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from ringtaw_attestation.collateral.model import Collateral, PlatformKind, SignedDocument
from ringtaw_attestation.quote.parse import Tee
from ringtaw_attestation.softtee import documents, pki
from ringtaw_attestation.softtee.bodies import Enclave
from ringtaw_attestation.softtee.keys import sign
from ringtaw_attestation.softtee.pki import Identity, Request, issue
from ringtaw_attestation.softtee.platform import SoftwarePlatform
from ringtaw_attestation.softtee.quoting import QE_FLAGS, QuotingEnclave
from ringtaw_attestation.softtee.tee import LIFETIME, SoftwareTee

_SGX_DEBUG: Final = 0x02
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
        return self._quote(replace(self._qe, flags=QE_FLAGS | _SGX_DEBUG))

    def ancient_quoting_enclave(self) -> bytes:
        """A quoting enclave that is older than any known level (qe-report-identity)."""
        own = replace(self._qe.identity, security_version=1)
        return self._quote(replace(self._qe, identity=own))

    def _own(self) -> dict[str, Any]:
        return {"attestation_key": self._own_key}

    def _quote(self, qe: QuotingEnclave) -> bytes:
        return qe.quote(3, Tee.SGX, self._enclave.body(self._report_data, self._platform))


class CollateralAttacks:
    """Collateral as of a time from somebody who controls the service, or the network."""

    def __init__(self, tee: SoftwareTee, kind: PlatformKind, time: datetime) -> None:
        self._tee = tee
        self._kind = kind
        self._time = time
        self._genuine = tee.collateral(kind, time)
        self._past = (time - 2 * LIFETIME, time - timedelta(seconds=1))
        self._future = (time + timedelta(seconds=1), time + LIFETIME)

    def revoked_platform(self, platform: SoftwarePlatform) -> Collateral:
        """The platform's certificate is revoked (pck-revocation)."""
        revoked = (self._tee.pck(platform),)
        crl = self._tee.pck_crl(self._kind.ca, self._time, self._time + LIFETIME, revoked)
        return replace(self._genuine, pck_crl=crl)

    def revoked_ca(self) -> Collateral:
        """The CA of the PCK certificates is revoked (pck-revocation)."""
        return self._with_root_crl(self._tee.pck_ca(self._kind.ca))

    def revoked_signer(self) -> Collateral:
        """The signer of TCB info and QE identity is revoked (tcb-info)."""
        return self._with_root_crl(self._tee.tcb_signer)

    def revoked_root(self) -> Collateral:
        """The root has revoked itself (root-crl)."""
        return self._with_root_crl(self._tee.root_ca)

    def expired_root_crl(self) -> Collateral:
        """The root's revocation list is out of date (root-crl)."""
        return replace(self._genuine, root_crl=self._tee.root_crl(*self._past))

    def expired_pck_crl(self) -> Collateral:
        """The PCK revocation list is out of date (pck-crl)."""
        return replace(self._genuine, pck_crl=self._tee.pck_crl(self._kind.ca, *self._past))

    def expired_tcb_info(self) -> Collateral:
        """The TCB info is out of date (tcb-info)."""
        document = documents.tcb_info(self._kind.tee, *self._past)
        return replace(self._genuine, tcb_info=self._tee.signed(document))

    def future_tcb_info(self) -> Collateral:
        """The TCB info is not valid yet (tcb-info)."""
        document = documents.tcb_info(self._kind.tee, *self._future)
        return replace(self._genuine, tcb_info=self._tee.signed(document))

    def expired_qe_identity(self) -> Collateral:
        """The QE identity is out of date (qe-identity)."""
        document = documents.qe_identity(self._kind.tee, *self._past)
        return replace(self._genuine, qe_identity=self._tee.signed(document))

    def edited_tcb_info(self) -> Collateral:
        """The TCB info calls everything up to date (tcb-info)."""
        return replace(self._genuine, tcb_info=_edited(self._genuine.tcb_info))

    def edited_qe_identity(self) -> Collateral:
        """The QE identity calls everything up to date (qe-identity)."""
        return replace(self._genuine, qe_identity=_edited(self._genuine.qe_identity))

    def tcb_info_by_platform(self, platform: SoftwarePlatform) -> Collateral:
        """The TCB info is signed with a platform's key, with its chain (tcb-info)."""
        return self._signed_by(self._tee.pck(platform))

    def tcb_info_by_ca(self) -> Collateral:
        """The TCB info is signed by the CA of the PCK certificates (tcb-info)."""
        return self._signed_by(self._tee.pck_ca(self._kind.ca))

    def other_root(self) -> Collateral:
        """Everything is a whole other TEE's (pck-crl)."""
        return SoftwareTee(b"\xee" * 32).collateral(self._kind, self._time)

    def other_platform_kind(self) -> Collateral:
        """The TCB info is another kind of platform's (platform-tcb)."""
        return self._with_tcb_info(lambda info: info.update(fmspc="00906ED50000"))

    def other_pce(self) -> Collateral:
        """The TCB info is for another provisioning certification enclave (platform-tcb)."""
        return self._with_tcb_info(lambda info: info.update(pceId="0001"))

    def no_level_low_enough(self) -> Collateral:
        """The TCB info has no level for the platform (platform-tcb)."""

        def raise_levels(info: dict[str, Any]) -> None:
            for level in info["tcbLevels"]:
                level["tcb"]["pcesvn"] = 99

        return self._with_tcb_info(raise_levels)

    def _with_root_crl(self, revoked: Identity) -> Collateral:
        crl = self._tee.root_crl(self._time, self._time + LIFETIME, (revoked,))
        return replace(self._genuine, root_crl=crl)

    def _with_tcb_info(self, edit: Callable[[dict[str, Any]], None]) -> Collateral:
        document = documents.tcb_info(self._kind.tee, self._time, self._time + LIFETIME)
        edit(document)
        return replace(self._genuine, tcb_info=self._tee.signed(document))

    def _signed_by(self, signer: Identity) -> Collateral:
        content = self._genuine.tcb_info.content
        chain = signer.pem + self._tee.root_ca.pem
        forged = SignedDocument(content, sign(signer.key, content), chain)
        return replace(self._genuine, tcb_info=forged)


def _edited(document: SignedDocument) -> SignedDocument:
    content = json.loads(document.content)
    for level in content["tcbLevels"]:
        level["tcbStatus"] = "UpToDate"
    return replace(document, content=json.dumps(content).encode())
