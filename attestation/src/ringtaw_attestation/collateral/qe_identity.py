"""QE identity, version 2: what the genuine quoting enclave looks like.

Intel SGX and Intel TDX Provisioning Certification Service API, version 4, "Get QE Identity".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ringtaw_attestation.collateral.strict_json import parse_object
from ringtaw_attestation.collateral.tcb_info import SvnLevel, parse_svn_levels
from ringtaw_attestation.quote.parse import Tee

_VERSION: Final = 2
_IDS: Final = {"QE": Tee.SGX, "TD_QE": Tee.TDX}


@dataclass(frozen=True, slots=True)
class QeIdentity:
    """Parsed QE identity. Masks say which bits count."""

    tee: Tee
    issued: datetime
    next_update: datetime
    evaluation_number: int
    misc_select: int
    misc_select_mask: int
    attributes: bytes
    attributes_mask: bytes
    mr_signer: bytes
    isv_product_id: int
    levels: tuple[SvnLevel, ...] = field(repr=False)


def parse_qe_identity(content: bytes) -> QeIdentity:
    """Parse a QE identity; whether it is signed and current is for others to check.

    Raises:
        ValueError: It is malformed or of another version.
    """
    record = parse_object(content)
    tee = _IDS.get(record.text("id"))
    if tee is None or record.integer("version", 99) != _VERSION:
        raise ValueError("not a QE identity of version 2")
    return QeIdentity(
        tee,
        record.time("issueDate"),
        record.time("nextUpdate"),
        record.integer("tcbEvaluationDataNumber", 2**31),
        int.from_bytes(record.octets("miscselect", 4), "little"),
        int.from_bytes(record.octets("miscselectMask", 4), "little"),
        record.octets("attributes", 16),
        record.octets("attributesMask", 16),
        record.octets("mrsigner", 32),
        record.integer("isvprodid", 0xFFFF),
        parse_svn_levels(record),
    )
