"""A software TEE's platforms: made-up processors in any state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringtaw_attestation.collateral.model import PckCa, PlatformKind
from ringtaw_attestation.quote.parse import Tee
from ringtaw_attestation.status import TcbStatus

FMSPC: Final = b"SOFT\x00\x01"
PCE_ID: Final = bytes(2)
PCE_SVN: Final = 11
COMPONENTS: Final = 16

PLATFORM_SVN: Final = {status: 16 - 2 * rank for rank, status in enumerate(TcbStatus)}
"""First component of the CPU's security version at which a platform has each status."""
ENCLAVE_SVN: Final = {TcbStatus.UP_TO_DATE: 8, TcbStatus.OUT_OF_DATE: 6, TcbStatus.REVOKED: 4}
"""Security versions of the quoting enclave and the TDX module at which they have each status."""


@dataclass(frozen=True, slots=True)
class SoftwarePlatform:
    """One platform. The statuses are what verification shall find.

    The quoting enclave and the TDX module know only ``UpToDate``, ``OutOfDate`` and ``Revoked``.
    """

    name: str = "platform"
    """Platforms of different names have different keys."""
    ca: PckCa = PckCa.PLATFORM
    status: TcbStatus = TcbStatus.UP_TO_DATE
    qe_status: TcbStatus = TcbStatus.UP_TO_DATE
    tdx_module_status: TcbStatus = TcbStatus.UP_TO_DATE

    @property
    def components(self) -> bytes:
        """The sixteen component versions."""
        return components(PLATFORM_SVN[self.status])

    @property
    def tee_tcb_svn(self) -> bytes:
        """The TEE's versions: security version of the TDX module, its version, and the rest."""
        return bytes([ENCLAVE_SVN[self.tdx_module_status], 1, 2]).ljust(COMPONENTS, b"\0")

    def kind(self, tee: Tee) -> PlatformKind:
        """Return what collateral is asked for."""
        return PlatformKind(tee, self.ca, FMSPC.hex().upper())


def components(first: int) -> bytes:
    """Return sixteen component versions with this first one."""
    return bytes([first, 1, 1, 1]).ljust(COMPONENTS, b"\0")
