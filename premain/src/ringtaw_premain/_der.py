"""A writer of DER, as far as a certificate and a certificate request need it (ITU-T X.690).

Every function returns the complete encoding of one value.
"""

from __future__ import annotations

import time
from typing import Final

_NO_EXPIRATION: Final = b"99991231235959Z"  # RFC 5280 section 4.1.2.5


def encode(tag: int, content: bytes) -> bytes:
    """Encode a value with a one-byte tag."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*values: bytes) -> bytes:
    """Encode a SEQUENCE of encoded values."""
    return encode(0x30, b"".join(values))


def set_of(value: bytes) -> bytes:
    """Encode a SET OF one encoded value."""
    return encode(0x31, value)


def tagged(number: int, content: bytes, *, constructed: bool = False) -> bytes:
    """Encode with a context-specific tag: explicit if constructed around an encoded value."""
    return encode((0xA0 if constructed else 0x80) | number, content)


def boolean(value: bool) -> bytes:
    """Encode a BOOLEAN."""
    return encode(0x01, b"\xff" if value else b"\x00")


def integer(value: int) -> bytes:
    """Encode an INTEGER that is not negative."""
    return encode(0x02, value.to_bytes(value.bit_length() // 8 + 1))


def bit_string(content: bytes, unused_bits: int = 0) -> bytes:
    """Encode a BIT STRING whose last byte has so many unused bits."""
    return encode(0x03, bytes((unused_bits,)) + content)


def octet_string(content: bytes) -> bytes:
    """Encode an OCTET STRING."""
    return encode(0x04, content)


def printable_string(text: str) -> bytes:
    """Encode a PrintableString."""
    return encode(0x13, text.encode("ascii"))


def object_identifier(dotted: str) -> bytes:
    """Encode an OBJECT IDENTIFIER given in dotted notation."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return encode(0x06, b"".join(_base_128(arc) for arc in (first * 40 + second, *rest)))


def point_in_time(timestamp: int) -> bytes:
    """Encode seconds since the epoch as RFC 5280 (section 4.1.2.5) wants them."""
    moment = time.gmtime(timestamp)
    if moment.tm_year < 2050:
        return encode(0x17, time.strftime("%y%m%d%H%M%SZ", moment).encode("ascii"))
    return encode(0x18, time.strftime("%Y%m%d%H%M%SZ", moment).encode("ascii"))


def no_expiration() -> bytes:
    """Encode the time that stands for no well-defined expiration date."""
    return encode(0x18, _NO_EXPIRATION)


def _base_128(arc: int) -> bytes:
    groups = [arc & 0x7F]
    while arc := arc >> 7:
        groups.append(0x80 | arc & 0x7F)
    return bytes(reversed(groups))
