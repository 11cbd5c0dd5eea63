"""The SGX extension of a software TEE's PCK certificates: the other way round of
:mod:`ringtaw_attestation.certificates.pck`.
"""

from __future__ import annotations

from typing import Final

from ringtaw_attestation.certificates.der import (
    BOOLEAN,
    ENUMERATED,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
)
from ringtaw_attestation.collateral.model import PckCa
from ringtaw_attestation.softtee.keys import measurement
from ringtaw_attestation.softtee.platform import FMSPC, PCE_ID, PCE_SVN, SoftwarePlatform

_PREFIX: Final = bytes.fromhex("2a864886f84d010d01")
_SCALABLE: Final = b"\x01"
_STANDARD: Final = b"\x00"


def encode_sgx_extension(platform: SoftwarePlatform) -> bytes:
    """Return the extension's value in DER."""
    identifier = measurement(f"software TEE platform {platform.name}")
    fields = [
        _field((1,), _element(OCTET_STRING, identifier[:16])),
        _field((2,), _element(SEQUENCE, _tcb(platform.components))),
        _field((3,), _element(OCTET_STRING, PCE_ID)),
        _field((4,), _element(OCTET_STRING, FMSPC)),
    ]
    if platform.ca is PckCa.PROCESSOR:
        fields.append(_field((5,), _element(ENUMERATED, _STANDARD)))
    else:
        fields += [
            _field((5,), _element(ENUMERATED, _SCALABLE)),
            _field((6,), _element(OCTET_STRING, identifier[16:])),
            _field((7,), _element(SEQUENCE, _configuration())),
        ]
    return _element(SEQUENCE, b"".join(fields))


def _tcb(components: bytes) -> bytes:
    numbers = [_field((2, place), _integer(svn)) for place, svn in enumerate(components, start=1)]
    pce_svn = _field((2, 17), _integer(PCE_SVN))
    cpu_svn = _field((2, 18), _element(OCTET_STRING, components))
    return b"".join(numbers) + pce_svn + cpu_svn


def _configuration() -> bytes:
    flag = _element(BOOLEAN, b"\x00")
    return b"".join(_field((7, place), flag) for place in range(1, 4))


def _field(path: tuple[int, ...], value: bytes) -> bytes:
    return _element(SEQUENCE, _element(OBJECT_IDENTIFIER, _PREFIX + bytes(path)) + value)


def _integer(number: int) -> bytes:
    return _element(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")
    if 0x80 <= size < 0x100:
        length = bytes([0x81, size])
    return bytes([tag]) + length + content
