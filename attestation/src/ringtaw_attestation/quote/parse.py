"""Quotes: SGX version 3, TDX versions 4 and 5, and the Open Enclave header before any of them.

Parsing checks the structure and says nothing about truth. Bytes after the signature data are cut:
quoting hosts hand out buffers of a fixed size.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ringtaw_attestation.quote.reader import Reader, malformed
from ringtaw_attestation.quote.sgx import SIZE, EnclaveReport, parse_enclave_report
from ringtaw_attestation.quote.signature import QuoteSignature, parse_signature
from ringtaw_attestation.quote.tdx import SIZE_1_0, SIZE_1_5, TdReport, parse_td_report

MAX_EVIDENCE_SIZE: Final = 64 * 1024
MAX_SIGNATURE_DATA: Final = 48 * 1024

ECDSA_P256: Final = 2
INTEL_QE_VENDOR: Final = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")

_OE_VERSION: Final = (1).to_bytes(4, "little")
_OE_SGX_REMOTE: Final = 2
_OE_HEADER: Final = _OE_VERSION + _OE_SGX_REMOTE.to_bytes(4, "little")
_TD_BODIES: Final = {2: SIZE_1_0, 3: SIZE_1_5}
"""Sizes of the bodies that quotes of version 5 name by type."""


class Tee(StrEnum):
    """A kind of trusted execution environment, as paths of Intel's services spell it."""

    SGX = "sgx"
    TDX = "tdx"


_TEE_TYPES: Final = {0x00: Tee.SGX, 0x81: Tee.TDX}
_VERSIONS: Final = {Tee.SGX: (3,), Tee.TDX: (4, 5)}


@dataclass(frozen=True, slots=True)
class QuoteHeader:
    """The first 48 bytes. The security versions are zero in version 4 and later."""

    version: int
    tee: Tee
    qe_svn: int
    pce_svn: int
    user_data: bytes


@dataclass(frozen=True, slots=True)
class Quote:
    """A parsed quote; ``signed`` are the bytes its signature is over."""

    header: QuoteHeader
    body: EnclaveReport | TdReport
    signed: bytes
    signature: QuoteSignature


def parse_quote(evidence: bytes) -> Quote:
    """Parse a quote with or without Open Enclave header.

    Raises:
        EvidenceError: It is malformed or of a kind that is not supported.
    """
    if len(evidence) > MAX_EVIDENCE_SIZE:
        raise malformed(f"evidence is longer than {MAX_EVIDENCE_SIZE} bytes")
    raw = strip_open_enclave_header(evidence)
    reader = Reader(raw)
    header = _header(reader)
    body = _body(reader, header)
    signed = raw[: reader.position]
    size = reader.unsigned(4, "size of the signature data")
    if size > MAX_SIGNATURE_DATA:
        raise malformed(f"signature data is longer than {MAX_SIGNATURE_DATA} bytes")
    signature = parse_signature(reader.take(size, "signature data"), header.version)
    return Quote(header, body, signed, signature)


def strip_open_enclave_header(evidence: bytes) -> bytes:
    """Return the raw quote. The header is ``oe_report_header_t`` of Open Enclave's report.h.

    Raises:
        EvidenceError: The header is there and wrong.
    """
    if not evidence.startswith(_OE_VERSION):
        return evidence
    reader = Reader(evidence)
    reader.take(4, "Open Enclave header")
    kind = reader.unsigned(4, "Open Enclave report type")
    if kind != _OE_SGX_REMOTE:
        raise malformed(f"Open Enclave report is of type {kind}, not {_OE_SGX_REMOTE} (SGX remote)")
    quote = reader.take(reader.unsigned(8, "Open Enclave report size"), "Open Enclave report")
    reader.finish("Open Enclave report")
    return quote


def add_open_enclave_header(quote: bytes) -> bytes:
    """Return a quote behind the header that Open Enclave's verifiers expect before SGX evidence."""
    return _OE_HEADER + len(quote).to_bytes(8, "little") + quote


def is_raw_sgx_quote(evidence: bytes) -> bool:
    """Whether evidence claims to be an SGX quote without Open Enclave header."""
    version = int.from_bytes(evidence[:2], "little")
    return version in _VERSIONS[Tee.SGX] and evidence[4:8] == bytes(4)


def _header(reader: Reader) -> QuoteHeader:
    version = reader.unsigned(2, "quote version")
    key_type = reader.unsigned(2, "attestation key type")
    tee_type = reader.unsigned(4, "TEE type")
    qe_svn, pce_svn = reader.unsigned(2, "QE SVN"), reader.unsigned(2, "PCE SVN")
    vendor = reader.take(16, "QE vendor")
    user_data = reader.take(20, "user data")
    tee = _TEE_TYPES.get(tee_type)
    if tee is None or version not in _VERSIONS[tee]:
        raise malformed(f"quote version {version} for TEE type {tee_type:#x} is not supported")
    if key_type != ECDSA_P256:
        raise malformed(f"attestation key type {key_type} is not supported, only ECDSA on P-256")
    if vendor != INTEL_QE_VENDOR:
        raise malformed(f"QE vendor {vendor.hex()} is not Intel")
    return QuoteHeader(version, tee, qe_svn, pce_svn, user_data)


def _body(reader: Reader, header: QuoteHeader) -> EnclaveReport | TdReport:
    if header.tee is Tee.SGX:
        return parse_enclave_report(reader.take(SIZE, "SGX report body"))
    if header.version == 4:
        return parse_td_report(reader.take(SIZE_1_0, "TD report body"))
    kind, size = reader.unsigned(2, "body type"), reader.unsigned(4, "body size")
    if _TD_BODIES.get(kind) != size:
        raise malformed(f"body of type {kind} and {size} bytes is not supported")
    return parse_td_report(reader.take(size, "TD report body"))
