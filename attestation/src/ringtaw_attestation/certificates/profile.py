"""The profile of single certificates: what each must look like, and each link between two.

Intel's "SGX PCK Certificate and Certificate Revocation List Profile Specification": ECDSA with
SHA-256 on P-256 throughout, X.509 version 3 (RFC 5280). All checks here raise ValueError, or what
else is in :data:`PARSE_ERRORS`; a wrong signature is cryptography's InvalidSignature.
"""

from __future__ import annotations

from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID

ExtensionT = TypeVar("ExtensionT", bound=x509.ExtensionType)

PARSE_ERRORS: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    CryptographyDeprecationWarning,
)
"""What cryptography raises for certificates and lists that are malformed.

The last one where warnings are errors, for what it will refuse some day.
"""

_UNDERSTOOD: Final = frozenset({ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE})


def load_certificate(der: bytes) -> x509.Certificate:
    """Parse a certificate in DER, and check what X.509 leaves open."""
    certificate = x509.load_der_x509_certificate(der)
    check_signature_encoding(der, certificate.signature)
    if certificate.serial_number <= 0:
        raise ValueError("serial number is not positive")
    return certificate


def check_signature_encoding(der: bytes, signature: bytes) -> None:
    """Check that the signature, the last field, is in whole bytes: X.509 would allow others.

    Raises:
        ValueError: It is not.
    """
    if not der.endswith(b"\0" + signature):
        raise ValueError("signature is not in whole bytes")


def public_key_of(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    """Return a certificate's public key, which must be on P-256.

    Raises:
        ValueError: It is not.
    """
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("public key is not on P-256")
    return key


def check_may_sign(certificate: x509.Certificate) -> None:
    """Check that a certificate is an end entity's for signatures, not a CA's.

    Raises:
        ValueError: It is not.
    """
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise ValueError("a CA's certificate where an end entity's belongs")
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        raise ValueError("certificate is not for digital signatures")


def check_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    """Check names, signature, algorithm and critical extensions of one link."""
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise ValueError("certificate is not signed with ECDSA and SHA-256")
    public_key_of(issuer)
    certificate.verify_directly_issued_by(issuer)
    if certificate.version is not x509.Version.v3:
        raise ValueError("certificate is not of version 3")
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise ValueError(f"critical extension {extension.oid.dotted_string} is not understood")


def check_authority(issuer: x509.Certificate, below: int) -> None:
    """Check that an issuer is a CA that allows this many CAs below it."""
    constraints = _extension(issuer, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise ValueError("issuer is not a CA")
    if constraints.path_length is not None and constraints.path_length < below:
        raise ValueError("chain is longer than its CA allows")
    usage = _extension(issuer, x509.KeyUsage)
    if usage is None or not usage.key_cert_sign:
        raise ValueError("issuer may not sign certificates")


def _extension(certificate: x509.Certificate, kind: type[ExtensionT]) -> ExtensionT | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
