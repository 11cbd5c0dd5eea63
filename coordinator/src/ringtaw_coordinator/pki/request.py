"""A Marble's certificate signing request: what is taken from it, and what is not."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ringtaw_coordinator.errors import ActivationError

MAX_REQUEST_BYTES: Final = 64 << 10
MAX_NAMES: Final = 200

_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the parser raises, depending on where it stumbles."""


def requested_names(request: bytes) -> tuple[x509.GeneralName, ...]:
    """Return the DNS names and IP addresses of a PKCS #10 request (DER), in order.

    Everything else in the request, its subject included, has no effect.

    Raises:
        ActivationError: It does not parse, is too large or its signature does not verify.
    """
    if len(request) > MAX_REQUEST_BYTES:
        raise ActivationError(
            f"the CSR has {len(request)} bytes; at most {MAX_REQUEST_BYTES} are accepted"
        )
    try:
        parsed = x509.load_der_x509_csr(request)
        valid = parsed.is_signature_valid
        names = _names(parsed)
    except _UNREADABLE:
        raise ActivationError("the CSR is not a PKCS #10 request in DER") from None
    if not valid:
        raise ActivationError("the signature of the CSR does not verify")
    if len(names) > MAX_NAMES:
        raise ActivationError(f"the CSR has {len(names)} names; at most {MAX_NAMES} are accepted")
    return names


def _names(request: x509.CertificateSigningRequest) -> tuple[x509.GeneralName, ...]:
    try:
        extension = request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    kept = (name for name in extension.value if isinstance(name, x509.DNSName | x509.IPAddress))
    return tuple(dict.fromkeys(kept))
