"""The two DCAP ioctls of Occlum's /dev/sgx.

Source: Occlum, src/libos/src/fs/dev_fs/dev_sgx/consts.rs and mod.rs.
"""

from __future__ import annotations

import sys
from array import array
from fcntl import ioctl
from typing import Final

# _IOR('s', 7, uint32_t) and _IOWR('s', 8, three pointers)
GET_DCAP_QUOTE_SIZE: Final = 0x80047307
GEN_DCAP_QUOTE: Final = 0xC0187308

_POINTER_SIZE: Final = 8  # Occlum runs on x86-64 alone


def quote_size(descriptor: int) -> int:
    """Return how many bytes the buffer for a quote needs.

    Raises:
        OSError: Occlum or the host's quoting enclave refused.
    """
    size = bytearray(4)
    ioctl(descriptor, GET_DCAP_QUOTE_SIZE, size, True)
    return int.from_bytes(size, sys.byteorder)


def generate_quote(descriptor: int, report_data: bytes, size: int) -> bytes:
    """Return the quote over 64 bytes of report data in a buffer of ``size`` bytes, padded by zeros.

    Raises:
        OSError: Occlum or the host's quoting enclave refused.
    """
    # struct { uint8_t *report_data; uint32_t *quote_len; uint8_t *quote_buf; }
    data, length, quote = array("B", report_data), array("I", [size]), array("B", bytes(size))
    argument = bytearray(_address(data) + _address(length) + _address(quote))
    ioctl(descriptor, GEN_DCAP_QUOTE, argument, True)
    return quote.tobytes()[: length[0]]


def _address(buffer: array[int]) -> bytes:
    return buffer.buffer_info()[0].to_bytes(_POINTER_SIZE, sys.byteorder)
