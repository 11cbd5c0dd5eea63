"""The quoting enclave of a software TEE."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from ringtaw_attestation.quote.parse import ECDSA_P256, INTEL_QE_VENDOR, Tee
from ringtaw_attestation.quote.signature import PCK_CHAIN, QE_REPORT_DATA
from ringtaw_attestation.softtee.bodies import Enclave, enclave_body
from ringtaw_attestation.softtee.keys import coordinates, sign
from ringtaw_attestation.softtee.platform import PCE_SVN

QE_FLAGS: Final = 0x15
"""Initialised, 64-bit, may use the provisioning key."""
_TEE_TYPES: Final = {Tee.SGX: 0x00, Tee.TDX: 0x81}


@dataclass(frozen=True, slots=True)
class QuotingEnclave:
    """Everything that signs a quote. An attacker has one with other parts."""

    pck_key: ec.EllipticCurvePrivateKey
    pck_chain: bytes
    attestation_key: ec.EllipticCurvePrivateKey
    identity: Enclave
    cpu_svn: bytes
    flags: int = QE_FLAGS
    authentication_data: bytes = bytes(range(32))

    def quote(self, version: int, tee: Tee, body: bytes, body_type: int | None = None) -> bytes:
        """Return a quote over a body; ``body_type`` is for version 5."""
        signed = self._header(version, tee) + body
        if body_type is not None:
            kind = body_type.to_bytes(2, "little") + len(body).to_bytes(4, "little")
            signed = self._header(version, tee) + kind + body
        certification = self._qe_part()
        if version > 3:
            certification = _data(QE_REPORT_DATA, certification)
        key = coordinates(self.attestation_key)
        signature = sign(self.attestation_key, signed) + key + certification
        return signed + len(signature).to_bytes(4, "little") + signature

    def _header(self, version: int, tee: Tee) -> bytes:
        qe_svn = self.identity.security_version if version == 3 else 0
        pce_svn = PCE_SVN if version == 3 else 0
        numbers = (version, 2), (ECDSA_P256, 2), (_TEE_TYPES[tee], 4), (qe_svn, 2), (pce_svn, 2)
        fields = b"".join(number.to_bytes(size, "little") for number, size in numbers)
        return fields + INTEL_QE_VENDOR + bytes(20)

    def _qe_part(self) -> bytes:
        report = self._report()
        size = len(self.authentication_data).to_bytes(2, "little")
        return (
            report
            + sign(self.pck_key, report)
            + size
            + self.authentication_data
            + _data(PCK_CHAIN, self.pck_chain)
        )

    def _report(self) -> bytes:
        key = coordinates(self.attestation_key)
        digest = hashlib.sha256(key + self.authentication_data).digest()
        return enclave_body(self.identity, digest + bytes(32), self.cpu_svn, self.flags)


def _data(kind: int, content: bytes) -> bytes:
    return kind.to_bytes(2, "little") + len(content).to_bytes(4, "little") + content
