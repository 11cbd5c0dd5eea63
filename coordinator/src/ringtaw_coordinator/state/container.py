"""How the files of a store are laid out, so that what a crash left of an addition is told apart.

``sealed_data`` is a sealed state, and after it the sealed changes made since: the magic, the length
of the sealed state (8 bytes, big endian) and the state; then for each change a frame of its length
and its CRC-32 (4 bytes each, big endian) and the change. A file without the magic is a sealed state
alone.

Only the last frame can be incomplete: each is durable before the next is begun. So what follows
the last good frame is the rest of a change that was cut short, and was never acknowledged, if it
could be one frame; if something stands behind it, the file is damaged.

``sealed_key`` is the sealed key, lines of text of which none begins with ``+``, and after it a line
for the witness of each change: ``+``, the CRC-32 in eight hexadecimal digits, a space, the witness.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import Final

_MAGIC: Final = b"ringtaw sealed data 2\n"
_STATE_LENGTH: Final = struct.Struct(">Q")
_FRAME: Final = struct.Struct(">II")
_KEY_END: Final = re.compile(rb"\n[+\0]")
_LINE: Final = re.compile(rb"\+([0-9a-f]{8}) ([ -~]*)\n")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds."""

    state: bytes
    changes: tuple[bytes, ...] = ()
    end: int = 0
    """Where the next frame goes; behind it there may be one that was cut short."""
    damage: str = ""
    """Why not all of it can be read; empty if it can."""


def begin(state: bytes) -> bytes:
    """Return a file that holds a state and no change."""
    return _MAGIC + _STATE_LENGTH.pack(len(state)) + state


def takes_changes(file: bytes) -> bool:
    """Whether changes can be appended to a file: not to a sealed state alone."""
    return file.startswith(_MAGIC)


def frame(change: bytes) -> bytes:
    """Return what is appended for a change."""
    return _FRAME.pack(len(change), zlib.crc32(change)) + change


def parse(file: bytes) -> Contents:
    """Take a file apart."""
    if not file.startswith(_MAGIC):
        return Contents(file, end=len(file))
    start = len(_MAGIC) + _STATE_LENGTH.size
    if len(file) < start:
        return Contents(file, damage="sealed_data is damaged: it is cut short")
    (length,) = _STATE_LENGTH.unpack_from(file, len(_MAGIC))
    position = start + int(length)
    if position > len(file):
        return Contents(file, damage="sealed_data is damaged: it is cut short")
    state = file[start:position]
    changes = []
    while change := _change_at(file, position):
        changes.append(change)
        position += _FRAME.size + len(change)
    damage = ""
    if not _may_be_cut_short(file, position):
        damage = _DAMAGE.format(number=len(changes) + 1, position=position)
    return Contents(state, tuple(changes), position, damage)


def witness_line(witness: bytes) -> bytes:
    """Return what is appended for a witness, which is printable ASCII."""
    return b"+%08x %s\n" % (zlib.crc32(witness), witness)


def parse_key(file: bytes) -> tuple[bytes, bytes, int]:
    """Return the sealed key, the last whole witness (b"" if none), and where the next line goes."""
    boundary = _KEY_END.search(file)
    if boundary is None:
        return file, b"", len(file)
    end = boundary.start() + 1
    key, witness = file[:end], b""
    while (line := _LINE.match(file, end)) and int(line[1], 16) == zlib.crc32(line[2]):
        witness, end = line[2], line.end()
    return key, witness, end


_DAMAGE: Final = (
    "sealed_data is damaged: change {number} in it, from byte {position} on, is not as it was "
    "written"
)


def _change_at(file: bytes, position: int) -> bytes:
    """Return the change whose frame begins there, b"" if there is no good one."""
    if position + _FRAME.size > len(file):
        return b""
    length, checksum = _FRAME.unpack_from(file, position)
    change = file[position + _FRAME.size : position + _FRAME.size + length]
    return change if len(change) == length and zlib.crc32(change) == checksum else b""


def _may_be_cut_short(file: bytes, position: int) -> bool:
    """Whether everything from ``position`` may be one frame that did not reach the disk.

    A file grows before its contents arrive: what is missing then reads as zeros.
    """
    if position + _FRAME.size > len(file):
        return True
    length, _ = _FRAME.unpack_from(file, position)
    return length == 0 or position + _FRAME.size + int(length) >= len(file)
