"""PEM certificate chains (RFC 7468), read strictly.

Text between certificates, other labels, other line structures and base64 that is not canonical are
refused, so that a chain has few spellings.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

MAX_CHAIN_SIZE: Final = 64 * 1024
MAX_CERTIFICATES: Final = 4

_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----\r?\n((?:[A-Za-z0-9+/=]++\r?\n)++)"
    rb"-----END CERTIFICATE-----(?:\r?\n)*+"
)


def split_chain(text: bytes) -> tuple[bytes, ...]:
    """Return the certificates of a chain in DER, in their order. NULs at the end are cut.

    Raises:
        ValueError: It is not a chain of one to four certificates and nothing else.
    """
    if len(text) > MAX_CHAIN_SIZE:
        raise ValueError(f"certificate chain is longer than {MAX_CHAIN_SIZE} bytes")
    text = text.rstrip(b"\0")
    certificates: list[bytes] = []
    position = 0
    while position < len(text):
        match = _CERTIFICATE.match(text, position)
        if match is None:
            raise ValueError(f"no PEM certificate at byte {position} of the chain")
        certificates.append(_decode(match[1]))
        position = match.end()
    if not 1 <= len(certificates) <= MAX_CERTIFICATES:
        raise ValueError(f"chain has {len(certificates)} certificates")
    return tuple(certificates)


def _decode(lines: bytes) -> bytes:
    encoded = lines.replace(b"\r", b"").replace(b"\n", b"")
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ValueError(f"certificate is not base64: {error}") from None
    if base64.b64encode(decoded) != encoded:
        raise ValueError("certificate is not canonical base64")
    return decoded
