"""Attacks on collateral, for tests: each method returns collateral that must be refused.

The step that refuses it is named with each.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ringtaw_attestation.collateral.model import Collateral, PlatformKind, SignedDocument
from ringtaw_attestation.softtee import documents
from ringtaw_attestation.softtee.keys import sign
from ringtaw_attestation.softtee.pki import Identity
from ringtaw_attestation.softtee.platform import SoftwarePlatform
from ringtaw_attestation.softtee.tee import LIFETIME, SoftwareTee


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
