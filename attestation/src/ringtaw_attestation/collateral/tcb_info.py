"""TCB info, version 3: which security versions of a kind of platform have which status.

Intel SGX and Intel TDX Provisioning Certification Service API, version 4, "Get TCB Info".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ringtaw_attestation.collateral.strict_json import Record, parse_object
from ringtaw_attestation.quote.parse import Tee
from ringtaw_attestation.status import TcbAssessment, TcbStatus

COMPONENTS: Final = 16
_VERSION: Final = 3
_IDS: Final = {"SGX": Tee.SGX, "TDX": Tee.TDX}


@dataclass(frozen=True, slots=True)
class TcbLevel:
    """Minimum security versions, and what a platform that has them is assessed as.

    ``tdx_components`` is empty in TCB info for SGX.
    """

    components: bytes
    pce_svn: int
    tdx_components: bytes
    date: datetime
    assessment: TcbAssessment


@dataclass(frozen=True, slots=True)
class SvnLevel:
    """Minimum security version of one enclave or module, and its assessment."""

    isv_svn: int
    date: datetime
    assessment: TcbAssessment


@dataclass(frozen=True, slots=True)
class TdxModule:
    """What a TDX module looks like. ``levels`` is empty for the module of version 0."""

    mr_signer: bytes
    attributes: bytes
    attributes_mask: bytes
    levels: tuple[SvnLevel, ...]


@dataclass(frozen=True, slots=True)
class TcbInfo:
    """Parsed TCB info. ``modules`` is by the version of the TDX module, 0 being the base."""

    tee: Tee
    issued: datetime
    next_update: datetime
    fmspc: bytes
    pce_id: bytes
    evaluation_number: int
    levels: tuple[TcbLevel, ...] = field(repr=False)
    modules: dict[int, TdxModule] = field(repr=False)


def parse_tcb_info(content: bytes) -> TcbInfo:
    """Parse TCB info; whether it is signed and current is for others to check.

    Raises:
        ValueError: It is malformed or of another version.
    """
    record = parse_object(content)
    tee = _IDS.get(record.text("id"))
    if tee is None or record.integer("version", 99) != _VERSION or record.integer("tcbType", 99):
        raise ValueError("not TCB info of version 3 and type 0")
    return TcbInfo(
        tee,
        record.time("issueDate"),
        record.time("nextUpdate"),
        record.octets("fmspc", 6),
        record.octets("pceId", 2),
        record.integer("tcbEvaluationDataNumber", 2**31),
        tuple(_level(level, tee) for level in record.records("tcbLevels")),
        _modules(record) if tee is Tee.TDX else {},
    )


def parse_svn_levels(record: Record) -> tuple[SvnLevel, ...]:
    """Parse the levels of an enclave or module, in their order.

    Raises:
        ValueError: They are malformed.
    """
    return tuple(
        SvnLevel(
            level.record("tcb").integer("isvsvn", 0xFFFF),
            level.time("tcbDate"),
            _assessment(level),
        )
        for level in record.records("tcbLevels")
    )


def _level(level: Record, tee: Tee) -> TcbLevel:
    tcb = level.record("tcb")
    return TcbLevel(
        _components(tcb, "sgxtcbcomponents"),
        tcb.integer("pcesvn", 0xFFFF),
        _components(tcb, "tdxtcbcomponents") if tee is Tee.TDX else b"",
        level.time("tcbDate"),
        _assessment(level),
    )


def _components(tcb: Record, key: str) -> bytes:
    versions = bytes(component.integer("svn", 0xFF) for component in tcb.records(key))
    if len(versions) != COMPONENTS:
        raise ValueError(f"{key} has {len(versions)} entries, not {COMPONENTS}")
    return versions


def _assessment(level: Record) -> TcbAssessment:
    return TcbAssessment(TcbStatus(level.text("tcbStatus")), level.texts("advisoryIDs"))


def _modules(record: Record) -> dict[int, TdxModule]:
    modules = {0: _module(record.record("tdxModule"), ())}
    if "tdxModuleIdentities" not in record:
        return modules
    for identity in record.records("tdxModuleIdentities"):
        prefix, _, version = identity.text("id").partition("_")
        if prefix != "TDX" or len(version) != 2:
            raise ValueError("id of a TDX module is not TDX_ and two hex digits")
        modules[int(version, 16)] = _module(identity, parse_svn_levels(identity))
    return modules


def _module(record: Record, levels: tuple[SvnLevel, ...]) -> TdxModule:
    return TdxModule(
        record.octets("mrsigner", 48),
        record.octets("attributes", 8),
        record.octets("attributesMask", 8),
        levels,
    )
