"""Leaves out of programs and libraries what only debuggers and linkers read.

Half of a library can be symbols, and an enclave hashes all of a file before it uses any of it. The
loader reads program headers alone (System V ABI, chapter 5): what lies behind the last segment, and
the table of sections, goes. ``strip`` of binutils does the same, where it is installed, with other
bytes from version to version.
"""

from __future__ import annotations

import struct
from typing import Final

_MAGIC: Final = b"\x7fELF\x02\x01"
"""64 bits, least significant byte first."""
_PROGRAM_HEADERS: Final = struct.Struct("<32xQ14xHH")
_SEGMENT: Final = struct.Struct("<IIQQQQQQ")
_SECTION_TABLE: Final = 0x28
_SECTION_COUNTS: Final = 0x3A


def without_symbols(content: bytes) -> bytes:
    """Return an ELF file without them; anything else, or what is not well formed, as it is."""
    if not content.startswith(_MAGIC):
        return content
    try:
        begin, size, count = _PROGRAM_HEADERS.unpack_from(content)
        segments = [_SEGMENT.unpack_from(content, begin + size * i) for i in range(count)]
    except struct.error:
        return content
    end = max(
        [begin + size * count, *(offset + length for _, _, offset, _, _, length, *_ in segments)]
    )
    if end > len(content):
        return content
    kept = bytearray(content[:end])
    struct.pack_into("<Q", kept, _SECTION_TABLE, 0)
    struct.pack_into("<HHH", kept, _SECTION_COUNTS, 0, 0, 0)
    return bytes(kept)
