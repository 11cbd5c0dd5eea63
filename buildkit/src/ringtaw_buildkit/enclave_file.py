"""Enclaves that are ELF files with their signature in a section.

Public. A section's name says who made it: ``.oeinfo`` Open Enclave and EGo, ``.note.sgxmeta`` the
Intel SGX SDK, which Occlum uses.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Final

from elftools.common.exceptions import ELFError
from elftools.construct import ConstructError
from elftools.elf.elffile import ELFFile
from ringtaw_premain.errors import PlatformError

from ringtaw_buildkit.sigstruct import Sigstruct, SigstructError, find

_MAX_SECTIONS: Final = 10000
_MAX_SIZE: Final = 16 << 20
_MALFORMED: Final = (
    ELFError,
    ConstructError,
    struct.error,
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    TypeError,
    OverflowError,
    MemoryError,
)
"""What pyelftools raises for a file that is damaged: it trusts offsets and names in it."""


def read_sigstruct(path: Path, section: str, cure: str) -> Sigstruct:
    """Return the signature in a section of an enclave file; ``cure`` says how to sign one.

    Raises:
        PlatformError: It cannot be read, is no such file, or is not signed.
    """
    content = read_section(path, section, cure)
    try:
        return find(content)
    except SigstructError as error:
        raise PlatformError(f"{path}: not a signed enclave: {error.message}", hint=cure) from error


def read_section(path: Path, section: str, cure: str) -> bytes:
    """Return the bytes of a section of an ELF file.

    Raises:
        PlatformError: It cannot be read, is no ELF file or has no such section.
    """
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        raise PlatformError(f"{path}: not a regular file", hint=cure)
    try:
        with path.open("rb") as file:
            if file.read(4) != b"\x7fELF":
                raise PlatformError(f"{path}: not an ELF file", hint=cure)
            content = _section(ELFFile(file), section)
    except OSError as error:
        raise PlatformError(f"{path}: {error.strerror}", hint=cure) from error
    except _MALFORMED as error:
        raise PlatformError(f"{path}: a damaged ELF file", hint=cure) from error
    if content is None:
        raise PlatformError(f"{path}: has no section {section}, so is no enclave", hint=cure)
    return content


def _section(elf: ELFFile, name: str) -> bytes | None:
    if elf.num_sections() > _MAX_SECTIONS:
        raise ValueError("too many sections")
    section = elf.get_section_by_name(name)
    if section is None or section["sh_type"] == "SHT_NOBITS":
        return None
    if section["sh_size"] > _MAX_SIZE:
        raise ValueError("a section that is too large")
    content: bytes = section.data()
    return content
