"""Report bodies of TDX trust domains: 584 bytes for TDX 1.0, 648 for TDX 1.5.

Intel TDX DCAP Quoting Library API, appendix A.3 (TD quote body, TD 1.5 quote body).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from ringtaw_attestation.quote.reader import malformed

SIZE_1_0: Final = 584
SIZE_1_5: Final = 648
_LAYOUT_1_0: Final = struct.Struct("<16s48s48s8s8s8s48s48s48s48s48s48s48s48s64s")
_LAYOUT_1_5: Final = struct.Struct("<16s48s")
_DEBUG: Final = 0x01


@dataclass(frozen=True, slots=True)
class TdReport:
    """What the TDX module says about one trust domain.

    ``tee_tcb_svn_2`` (the versions now, where ``tee_tcb_svn`` are those at launch) and
    ``mr_service_td`` are None in TDX 1.0.
    """

    tee_tcb_svn: bytes
    mr_seam: bytes
    mr_signer_seam: bytes
    seam_attributes: bytes
    td_attributes: bytes
    xfam: bytes
    mr_td: bytes
    mr_config_id: bytes
    mr_owner: bytes
    mr_owner_config: bytes
    rtmrs: tuple[bytes, bytes, bytes, bytes]
    report_data: bytes
    tee_tcb_svn_2: bytes | None
    mr_service_td: bytes | None

    @property
    def debug(self) -> bool:
        """Whether the host can read and change the trust domain's memory."""
        return bool(self.td_attributes[0] & _DEBUG)


def parse_td_report(data: bytes) -> TdReport:
    """Read a body of exactly 584 or 648 bytes.

    Raises:
        EvidenceError: It has another length.
    """
    if len(data) not in (SIZE_1_0, SIZE_1_5):
        raise malformed(f"TD report body has {len(data)} bytes, not {SIZE_1_0} or {SIZE_1_5}")
    fields = _LAYOUT_1_0.unpack_from(data)
    newer = _LAYOUT_1_5.unpack_from(data, SIZE_1_0) if len(data) == SIZE_1_5 else (None, None)
    return TdReport(*(*fields[:10], fields[10:14], fields[14], *newer))
