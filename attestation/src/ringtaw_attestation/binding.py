"""What report data commit to, and the check that they do.

The two forms are MarbleRun's: a Marble's quote is over its TLS client certificate, a Coordinator's
over its root certificate and the challenger's nonce. Both are SHA-256, then 32 zeros.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from ringtaw_attestation.errors import BindingError

REPORT_DATA_SIZE: Final = 64


def certificate_report_data(certificate: bytes) -> bytes:
    """Return the report data of a Marble that presents this certificate (DER)."""
    return _padded(hashlib.sha256(certificate))


def coordinator_report_data(root_certificate: bytes, nonce: bytes = b"") -> bytes:
    """Return the report data of a Coordinator with this root certificate (DER)."""
    return _padded(hashlib.sha256(root_certificate + nonce))


def check_certificate_binding(report_data: bytes, certificate: bytes) -> None:
    """Check that evidence is for the TLS connection whose peer presented this certificate (DER).

    Raises:
        BindingError: It is for another one, for example because it was copied.
    """
    if not hmac.compare_digest(report_data, certificate_report_data(certificate)):
        raise BindingError("the evidence is not for the certificate of this connection")


def check_coordinator_binding(
    report_data: bytes, root_certificate: bytes, nonce: bytes = b""
) -> None:
    """Check that a Coordinator's evidence is for its root certificate (DER) and this challenge.

    Raises:
        BindingError: It is for another certificate or another nonce.
    """
    if not hmac.compare_digest(report_data, coordinator_report_data(root_certificate, nonce)):
        raise BindingError("the evidence is not for this Coordinator's certificate and this nonce")


def _padded(digest: hashlib._Hash) -> bytes:
    return digest.digest().ljust(REPORT_DATA_SIZE, b"\0")
