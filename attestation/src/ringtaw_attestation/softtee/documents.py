"""TCB info and QE identity of a software TEE, and their signatures."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from ringtaw_attestation.collateral.model import SignedDocument
from ringtaw_attestation.quote.parse import Tee
from ringtaw_attestation.softtee.keys import measurement, sign
from ringtaw_attestation.softtee.pki import Identity
from ringtaw_attestation.softtee.platform import (
    ENCLAVE_SVN,
    FMSPC,
    PCE_ID,
    PCE_SVN,
    PLATFORM_SVN,
    components,
)
from ringtaw_attestation.status import TcbStatus

QE_SIGNER: Final = {tee: measurement(f"software TEE {tee} quoting enclave") for tee in Tee}
QE_PRODUCT: Final = {Tee.SGX: 1, Tee.TDX: 2}
TDX_MODULE_SIGNER: Final = measurement("software TEE TDX module", 48)
_DATE: Final = datetime(2024, 1, 1, tzinfo=UTC)


def tcb_info(tee: Tee, issued: datetime, next_update: datetime) -> dict[str, Any]:
    """Return TCB info, version 3, that has a level for every status."""
    info: dict[str, Any] = {
        "id": tee.upper(),
        "version": 3,
        **_dates(issued, next_update),
        "fmspc": FMSPC.hex().upper(),
        "pceId": PCE_ID.hex().upper(),
        "tcbType": 0,
        "tcbEvaluationDataNumber": 1,
    }
    if tee is Tee.TDX:
        info["tdxModule"] = _module()
        info["tdxModuleIdentities"] = [{"id": "TDX_01", **_module(), "tcbLevels": _svn_levels()}]
    levels = [_platform_level(tee, status, first) for status, first in PLATFORM_SVN.items()]
    return info | {"tcbLevels": levels}


def qe_identity(tee: Tee, issued: datetime, next_update: datetime) -> dict[str, Any]:
    """Return a QE identity, version 2."""
    return {
        "id": "QE" if tee is Tee.SGX else "TD_QE",
        "version": 2,
        **_dates(issued, next_update),
        "tcbEvaluationDataNumber": 1,
        "miscselect": "00000000",
        "miscselectMask": "FFFFFFFF",
        "attributes": "11000000000000000000000000000000",
        "attributesMask": "FBFFFFFFFFFFFFFF0000000000000000",
        "mrsigner": QE_SIGNER[tee].hex().upper(),
        "isvprodid": QE_PRODUCT[tee],
        "tcbLevels": _svn_levels(),
    }


def sign_document(document: dict[str, Any], signer: Identity, root: Identity) -> SignedDocument:
    """Serialise a document and sign the bytes."""
    content = json.dumps(document, separators=(",", ":")).encode()
    return SignedDocument(content, sign(signer.key, content), signer.pem + root.pem)


def _dates(issued: datetime, next_update: datetime) -> dict[str, str]:
    return {"issueDate": _time(issued), "nextUpdate": _time(next_update)}


def _time(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _module() -> dict[str, str]:
    return {
        "mrsigner": TDX_MODULE_SIGNER.hex().upper(),
        "attributes": "00" * 8,
        "attributesMask": "FF" * 8,
    }


def _platform_level(tee: Tee, status: TcbStatus, first: int) -> dict[str, Any]:
    tcb: dict[str, Any] = {
        "sgxtcbcomponents": [{"svn": svn} for svn in components(first)],
        "pcesvn": PCE_SVN,
    }
    if tee is Tee.TDX:
        tcb["tdxtcbcomponents"] = [{"svn": svn} for svn in bytes([0, 0, 2]).ljust(16, b"\0")]
    return {"tcb": tcb, **_assessment(status, "PLATFORM")}


def _svn_levels() -> list[dict[str, Any]]:
    return [
        {"tcb": {"isvsvn": svn}, **_assessment(status, "ENCLAVE")}
        for status, svn in ENCLAVE_SVN.items()
    ]


def _assessment(status: TcbStatus, part: str) -> dict[str, Any]:
    assessment: dict[str, Any] = {"tcbDate": _time(_DATE), "tcbStatus": status}
    if status is not TcbStatus.UP_TO_DATE:
        assessment["advisoryIDs"] = [f"SOFTWARE-TEE-{part}-{status.upper()}"]
    return assessment
