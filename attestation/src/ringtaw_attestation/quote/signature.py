"""The signature data of a quote: signature, attestation key, QE report, certification data.

Intel SGX ECDSA QuoteLibReference DCAP API, appendix A.4 (version 3), and Intel TDX DCAP Quoting
Library API, appendix A.3 (versions 4 and 5, which wrap the second half in data of type 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringtaw_attestation.quote.reader import Reader, malformed
from ringtaw_attestation.quote.sgx import SIZE, EnclaveReport, parse_enclave_report

SIGNATURE_SIZE: Final = 64
KEY_SIZE: Final = 64
MAX_CERTIFICATION_DATA: Final = 32 * 1024

PCK_CHAIN: Final = 5
QE_REPORT_DATA: Final = 6
_PPID_FORMS: Final = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class QuoteSignature:
    """The parts of the signature data, in their order.

    Signatures are r and s, keys x and y, 32 bytes each, big-endian, on P-256.
    """

    signature: bytes
    attestation_key: bytes
    raw_qe_report: bytes
    qe_report_signature: bytes
    authentication_data: bytes
    pck_chain: bytes
    """PEM: the PCK certificate, its CA, the root."""

    @property
    def qe_report(self) -> EnclaveReport:
        """The quoting enclave's report."""
        return parse_enclave_report(self.raw_qe_report)


def parse_signature(data: bytes, version: int) -> QuoteSignature:
    """Read the signature data of a quote of that version.

    Raises:
        EvidenceError: It is malformed, or does not carry the PCK certificate chain.
    """
    reader = Reader(data)
    signature = reader.take(SIGNATURE_SIZE, "quote signature")
    key = reader.take(KEY_SIZE, "attestation key")
    if version > 3:
        inner = Reader(_certification_data(reader, QE_REPORT_DATA))
        reader.finish("signature data")
        reader = inner
    parsed = QuoteSignature(
        signature,
        key,
        reader.take(SIZE, "QE report"),
        reader.take(SIGNATURE_SIZE, "QE report signature"),
        reader.take(reader.unsigned(2, "length"), "QE authentication data"),
        _certification_data(reader, PCK_CHAIN),
    )
    reader.finish("signature data")
    return parsed


def _certification_data(reader: Reader, expected: int) -> bytes:
    kind = reader.unsigned(2, "type of certification data")
    if kind in _PPID_FORMS and expected == PCK_CHAIN:
        raise malformed(
            "quote carries no PCK certificate chain, only an identifier of its platform",
            hint="install a quote provider library and point it to a PCCS on the quoting host",
        )
    if kind != expected:
        raise malformed(f"certification data is of type {kind}, not {expected}")
    size = reader.unsigned(4, "size of certification data")
    if size > MAX_CERTIFICATION_DATA:
        raise malformed(f"certification data is longer than {MAX_CERTIFICATION_DATA} bytes")
    return reader.take(size, "certification data")
