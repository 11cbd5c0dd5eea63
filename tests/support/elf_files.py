"""Writes small ELF files with one section of a given name, as linkers do."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_PROGBITS, _STRTAB = 1, 3


def write_elf(path: Path, section: str, content: bytes) -> Path:
    """Write a 64-bit little-endian shared object whose only content is that section."""
    names = b"\0" + section.encode() + b"\0.shstrtab\0"
    content_at = _HEADER.size
    names_at = content_at + len(content)
    sections_at = names_at + len(names)
    ident = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)
    header = _HEADER.pack(
        ident, 3, 62, 1, 0, 0, sections_at, 0, _HEADER.size, 0, 0, _SECTION.size, 3, 2
    )
    table = b"".join(
        (
            bytes(_SECTION.size),
            _SECTION.pack(1, _PROGBITS, 0, 0, content_at, len(content), 0, 0, 1, 0),
            _SECTION.pack(len(section) + 2, _STRTAB, 0, 0, names_at, len(names), 0, 0, 1, 0),
        )
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + content + names + table)
    return path


def oeinfo(sigstruct: bytes) -> bytes:
    """Return what the section .oeinfo of a signed EGo or Open Enclave executable holds."""
    return bytes(144) + sigstruct + bytes(2064 - 144 - len(sigstruct))


def sgxmeta(sigstruct: bytes) -> bytes:
    """Return what the section .note.sgxmeta holds: an ELF note with metadata, twice."""
    note = struct.pack("<III", 8, 2 * (len(sigstruct) + 64), 1) + b"sgx_meta\0"
    return note + 2 * (bytes(64) + sigstruct)
