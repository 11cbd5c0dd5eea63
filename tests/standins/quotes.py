"""Quotes with the structure of SGX version 3 and nothing signed, for code that only carries them.

Source: Intel SGX ECDSA Quote Library Reference, appendix A.4.
"""

from __future__ import annotations

import struct
from typing import Final

HEADER_SIZE: Final = 48
BODY_SIZE: Final = 384
SIGNATURE_SIZE: Final = 4096
QE_VENDOR_ID: Final = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")


def unsigned_quote(report_data: bytes) -> bytes:
    """Return a quote over 64 bytes of report data whose signature data are a fixed pattern."""
    header = struct.pack("<HHIHH16s20s", 3, 2, 0, 8, 13, QE_VENDOR_ID, bytes(20))
    body = bytes(BODY_SIZE - len(report_data)) + report_data
    # It ends in zeros that belong to the quote, as a PEM chain with its NUL does.
    signature = bytes(range(1, 255)) * 16 + bytes(SIGNATURE_SIZE - 254 * 16)
    return header + body + struct.pack("<I", len(signature)) + signature
