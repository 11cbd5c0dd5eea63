"""The Coordinator's word on somebody's quote, for those who cannot verify quotes themselves.

What is signed is MarbleRun's (documentation of its Go package ``api``, ``SignQuote``): ECDSA by the
root key over SHA-256 of the quote in base64 and the TCB status.
"""

from __future__ import annotations

from base64 import b64encode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from ringtaw_attestation import Report

from ringtaw_coordinator.core.api import SignedQuote
from ringtaw_coordinator.errors import VerificationError
from ringtaw_coordinator.pki.authority import KeyedCertificate, load_signing_key


def sign_quote(quote: bytes, report: Report, root: KeyedCertificate) -> SignedQuote:
    """Sign a quote of an SGX enclave that has been verified, whatever its TCB status is.

    Raises:
        VerificationError: It is of something else, which the signature does not speak of.
    """
    if report.identity is None:
        raise VerificationError(f"quote-format: {report.format} evidence is no SGX quote")
    status = str(report.tcb.status)
    message = b64encode(quote) + status.encode()
    signature = load_signing_key(root.private_key).sign(message, ec.ECDSA(hashes.SHA256()))
    return SignedQuote(status, signature, report.is_software_tee)
