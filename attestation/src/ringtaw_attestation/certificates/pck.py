"""The SGX extension of a PCK certificate: which platform it is, at which security versions.

Intel's "SGX PCK Certificate and Certificate Revocation List Profile Specification", section 1.3.5:
object identifiers below 1.2.840.113741.1.13.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from ringtaw_attestation.certificates.der import (
    BOOLEAN,
    ENUMERATED,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    Element,
    parse_element,
)

SGX_EXTENSION: Final = x509.ObjectIdentifier("1.2.840.113741.1.13.1")
COMPONENTS: Final = 16

_PREFIX: Final = bytes.fromhex("2a864886f84d010d01")
"""DER content of the object identifier 1.2.840.113741.1.13.1."""
_PPID, _TCB, _PCE_ID, _FMSPC, _SGX_TYPE, _INSTANCE, _CONFIGURATION = range(1, 8)
_PCE_SVN, _CPU_SVN = 17, 18
_DYNAMIC, _CACHED_KEYS, _SMT = range(1, 4)


@dataclass(frozen=True, slots=True)
class PckExtension:
    """What a PCK certificate says about its platform.

    ``components`` are the security versions that TCB info compares, ``cpu_svn`` the CPU's own form
    of them. The last four fields are None where the certificate does not have them.
    """

    ppid: bytes
    components: bytes
    pce_svn: int
    cpu_svn: bytes
    pce_id: bytes
    fmspc: bytes
    sgx_type: int
    platform_instance_id: bytes | None
    dynamic_platform: bool | None
    cached_keys: bool | None
    smt_enabled: bool | None


def parse_pck_extension(certificate: x509.Certificate) -> PckExtension:
    """Read the SGX extension of a certificate.

    Raises:
        ValueError: It has none, or a malformed one.
    """
    try:
        extension = certificate.extensions.get_extension_for_oid(SGX_EXTENSION).value
    except x509.ExtensionNotFound:
        raise ValueError("certificate has no SGX extension") from None
    if not isinstance(extension, x509.UnrecognizedExtension):
        raise ValueError("certificate has no SGX extension")
    return parse_extension_value(extension.value)


def parse_extension_value(der: bytes) -> PckExtension:
    """Read the value of the extension.

    Raises:
        ValueError: It is malformed.
    """
    fields = _fields(parse_element(der), ())
    tcb = _fields(_required(fields, _TCB), (_TCB,))
    configuration = (
        _fields(fields[_CONFIGURATION], (_CONFIGURATION,)) if _CONFIGURATION in fields else {}
    )
    return PckExtension(
        ppid=_octets(fields, _PPID, 16),
        components=bytes(
            _required(tcb, number).unsigned(INTEGER, 0xFF) for number in range(1, COMPONENTS + 1)
        ),
        pce_svn=_required(tcb, _PCE_SVN).unsigned(INTEGER, 0xFFFF),
        cpu_svn=_octets(tcb, _CPU_SVN, COMPONENTS),
        pce_id=_octets(fields, _PCE_ID, 2),
        fmspc=_octets(fields, _FMSPC, 6),
        sgx_type=_required(fields, _SGX_TYPE).unsigned(ENUMERATED, 0xFF),
        platform_instance_id=_octets(fields, _INSTANCE, 16) if _INSTANCE in fields else None,
        dynamic_platform=_flag(configuration, _DYNAMIC),
        cached_keys=_flag(configuration, _CACHED_KEYS),
        smt_enabled=_flag(configuration, _SMT),
    )


def _fields(element: Element, path: Iterable[int]) -> dict[int, Element]:
    """Return the values of a SEQUENCE of (identifier, value), by the last arc.

    Fields that a later profile may add are kept and not looked at.
    """
    prefix = _PREFIX + bytes(path)
    fields: dict[int, Element] = {}
    for pair in element.children():
        identifier, value = _pair(pair)
        if len(identifier) != len(prefix) + 1 or not identifier.startswith(prefix):
            raise ValueError("SGX extension has a foreign object identifier")
        if fields.setdefault(identifier[-1], value) is not value:
            raise ValueError("SGX extension has a field twice")
    return fields


def _pair(element: Element) -> tuple[bytes, Element]:
    children = element.children()
    if len(children) != 2:
        raise ValueError("SGX extension has a field that is not identifier and value")
    return children[0].expect(OBJECT_IDENTIFIER), children[1]


def _required(fields: Mapping[int, Element], number: int) -> Element:
    if number not in fields:
        raise ValueError(f"SGX extension has no field {number}")
    return fields[number]


def _octets(fields: Mapping[int, Element], number: int, length: int) -> bytes:
    octets = _required(fields, number).expect(OCTET_STRING)
    if len(octets) != length:
        raise ValueError(f"SGX extension's field {number} has {len(octets)} bytes, not {length}")
    return octets


def _flag(fields: Mapping[int, Element], number: int) -> bool | None:
    if number not in fields:
        return None
    content = fields[number].expect(BOOLEAN)
    if content not in (b"\x00", b"\xff"):
        raise ValueError("SGX extension has a malformed flag")
    return content == b"\xff"
