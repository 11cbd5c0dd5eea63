"""Report bodies of SGX enclaves: 384 bytes.

Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3D, section 38.15 (REPORT);
the same structure is in quotes (``sgx_report_body_t``).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from ringtaw_attestation.quote.reader import malformed

SIZE: Final = 384
_LAYOUT: Final = struct.Struct("<16sI12x16s16s32s32x32s32x64sHHH42x16s64s")
_DEBUG: Final = 0x02


@dataclass(frozen=True, slots=True)
class EnclaveReport:
    """What the processor says about one enclave. ``cpu_svn`` is its form of the CPU's versions."""

    cpu_svn: bytes
    misc_select: int
    isv_extended_product_id: bytes
    attributes: bytes
    """Eight bytes of flags, eight of XFRM."""
    mr_enclave: bytes
    mr_signer: bytes
    config_id: bytes
    isv_product_id: int
    isv_svn: int
    config_svn: int
    isv_family_id: bytes
    report_data: bytes

    @property
    def debug(self) -> bool:
        """Whether the host can read and change the enclave's memory."""
        return bool(self.attributes[0] & _DEBUG)


def parse_enclave_report(data: bytes) -> EnclaveReport:
    """Read a report body of exactly 384 bytes.

    Raises:
        EvidenceError: It has another length.
    """
    if len(data) != SIZE:
        raise malformed(f"SGX report body has {len(data)} bytes, not {SIZE}")
    return EnclaveReport(*_LAYOUT.unpack(data))
