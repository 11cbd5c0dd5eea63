"""What verified evidence says. A report is made only by a verifier, after every step succeeded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ringtaw_attestation.certificates.pck import PckExtension
from ringtaw_attestation.quote.sgx import EnclaveReport
from ringtaw_attestation.quote.tdx import TdReport
from ringtaw_attestation.status import TcbAssessment
from ringtaw_attestation.trust import TrustedRoot


@dataclass(frozen=True, slots=True)
class EnclaveIdentity:
    """What packages of a manifest are compared with.

    ``unique_id`` is MRENCLAVE in SGX, ``signer_id`` MRSIGNER.
    """

    unique_id: bytes
    signer_id: bytes
    product_id: int
    security_version: int


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform, at the security versions that its certificate vouches for.

    ``cpu_svn`` are the sixteen component versions that TCB info compares; the processor's raw form
    is in ``pck`` and in the body. ``qe_svn`` is of the quoting enclave's own report.
    """

    cpu_svn: bytes
    pce_svn: int
    qe_svn: int
    fmspc: bytes
    pce_id: bytes
    pck: PckExtension


@dataclass(frozen=True, slots=True)
class Report:
    """Genuine evidence. Whether it is acceptable is for policy, whether it is fresh for binding."""

    format: str
    """Name of the verifier that made this, for example ``sgx-dcap``."""
    identity: EnclaveIdentity | None
    """None for formats that manifests have no package properties for."""
    debug: bool
    report_data: bytes
    tcb: TcbAssessment
    """Everything combined: the worst counts."""
    root: TrustedRoot
    """The trusted root that everything rests on."""
    valid_from: datetime
    valid_until: datetime
    """When the first of the certificates and documents that were used expires."""
    tcb_parts: Mapping[str, TcbAssessment] = field(default_factory=dict)
    """What ``tcb`` was combined from: ``platform``, ``qe``, ``tdx-module``."""
    tcb_evaluation_number: int | None = None
    platform: Platform | None = None
    """None where the platform is not Intel's."""
    body: EnclaveReport | TdReport | None = None
    """All fields of the signed body, among them MRTD and RTMRs of a trust domain."""

    @property
    def is_software_tee(self) -> bool:
        """Whether this rests on a software TEE: then no hardware protects anything."""
        return self.root.is_software_tee

    def describe(self) -> str:
        """Return one line for logs and people."""
        advisories = f" ({', '.join(self.tcb.advisories)})" if self.tcb.advisories else ""
        parts = [f"{self.format} evidence", f"TCB status {self.tcb.status}{advisories}"]
        if self.debug:
            parts.append("debug")
        parts.append(f"root {self.root.name!r}")
        if self.is_software_tee:
            parts.append("a software TEE, which protects nothing")
        return ", ".join(parts)
