"""What a software TEE makes quotes about: enclaves and trust domains with chosen measurements."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from ringtaw_attestation.softtee.documents import TDX_MODULE_SIGNER
from ringtaw_attestation.softtee.keys import measurement
from ringtaw_attestation.softtee.platform import SoftwarePlatform

_XFRM: Final = bytes([0xE7]).ljust(8, b"\0")
_INITIALISED, _DEBUG, _MODE64 = 0x01, 0x02, 0x04
_TD_DEBUG: Final = 0x01
_SEPT_VE_DISABLE: Final = 1 << 28


@dataclass(frozen=True, slots=True)
class Enclave:
    """An SGX enclave. ``unique_id`` is MRENCLAVE, ``signer_id`` MRSIGNER, 32 bytes each."""

    unique_id: bytes = measurement("enclave")
    signer_id: bytes = measurement("signer")
    product_id: int = 1
    security_version: int = 1
    debug: bool = False

    def body(self, report_data: bytes, platform: SoftwarePlatform) -> bytes:
        """Return the report body: 384 bytes."""
        flags = _INITIALISED | _MODE64 | (_DEBUG if self.debug else 0)
        return enclave_body(self, report_data, platform.components, flags)


@dataclass(frozen=True, slots=True)
class TrustDomain:
    """A TDX trust domain. Measurements have 48 bytes."""

    mr_td: bytes = measurement("trust domain", 48)
    rtmrs: tuple[bytes, bytes, bytes, bytes] = (bytes(48), bytes(48), bytes(48), bytes(48))
    debug: bool = False
    attributes: int = _SEPT_VE_DISABLE
    """Beside the bit for debugging."""
    mr_service_td: bytes = bytes(48)
    """Only in TDX 1.5."""

    def body(self, report_data: bytes, platform: SoftwarePlatform) -> bytes:
        """Return the TDX 1.0 body: 584 bytes."""
        attributes = self.attributes | (_TD_DEBUG if self.debug else 0)
        return b"".join(
            [
                platform.tee_tcb_svn,
                measurement("software TEE TDX module", 48)[::-1],
                TDX_MODULE_SIGNER,
                bytes(8),
                attributes.to_bytes(8, "little"),
                _XFRM,
                self.mr_td,
                bytes(3 * 48),
                *self.rtmrs,
                _checked(report_data),
            ]
        )

    def body_1_5(self, report_data: bytes, platform: SoftwarePlatform) -> bytes:
        """Return the TDX 1.5 body: 648 bytes."""
        return self.body(report_data, platform) + platform.tee_tcb_svn + self.mr_service_td


def enclave_body(enclave: Enclave, report_data: bytes, cpu_svn: bytes, flags: int) -> bytes:
    """Return a report body: 384 bytes."""
    return struct.pack(
        "<16s32x8s8s32s32x32s96xHH60x64s",
        cpu_svn,
        flags.to_bytes(8, "little"),
        _XFRM,
        enclave.unique_id,
        enclave.signer_id,
        enclave.product_id,
        enclave.security_version,
        _checked(report_data),
    )


def _checked(report_data: bytes) -> bytes:
    if len(report_data) != 64:
        raise ValueError(f"report data has {len(report_data)} bytes, not 64")
    return report_data
