"""Certificate chains of the fixed shapes that DCAP uses, checked against a trusted root.

The profile is that of Intel's "SGX PCK Certificate and Certificate Revocation List Profile
Specification": ECDSA with SHA-256 on P-256 throughout, leaf first, each certificate issued by the
next (RFC 5280). There is no path building: a chain has its shape or is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID

from ringtaw_attestation.certificates.pem import split_chain
from ringtaw_attestation.errors import Step, failure
from ringtaw_attestation.trust import TrustedRoot
from ringtaw_attestation.validity import Validity

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


@dataclass(frozen=True, slots=True)
class Chain:
    """A verified chain: leaf first, without the root."""

    certificates: tuple[x509.Certificate, ...]
    root: TrustedRoot
    presented_root: x509.Certificate | None
    periods: tuple[Validity, ...]

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate that the chain is about."""
        return self.certificates[0]


def load_chain(text: bytes, step: Step, what: str) -> tuple[x509.Certificate, ...]:
    """Parse a PEM chain.

    Raises:
        EvidenceError: It is malformed.
    """
    try:
        return tuple(_load(der) for der in split_chain(text))
    except PARSE_ERRORS as error:
        raise failure(step, f"{what} is malformed: {error}") from error


def check_signature_encoding(der: bytes, signature: bytes) -> None:
    """Check that the signature, the last field, is in whole bytes: X.509 would allow others.

    Raises:
        ValueError: It is not.
    """
    if not der.endswith(b"\0" + signature):
        raise ValueError("signature is not in whole bytes")


def verify_chain(
    text: bytes, depth: int, roots: Iterable[TrustedRoot], step: Step, what: str
) -> Chain:
    """Verify a PEM chain of ``depth`` certificates below a trusted root, which may follow them.

    All above the leaf must be CAs. Periods of validity are returned, not checked.

    Raises:
        EvidenceError: It is malformed, or does not end in one of the roots.
    """
    presented = load_chain(text, step, what)
    if len(presented) not in (depth, depth + 1):
        raise failure(step, f"{what} has {len(presented)} certificates, not {depth} and a root")
    chain, own_root = presented[:depth], presented[depth:]
    try:
        root = _find_root(presented, depth, roots, step, what)
        issuers = (*chain[1:], root.certificate)
        for below, (certificate, issuer) in enumerate(zip(chain, issuers, strict=True)):
            _check_issued(certificate, issuer)
            _check_authority(issuer, below)
        for certificate in own_root:
            _check_issued(certificate, root.certificate)
    except (*PARSE_ERRORS, InvalidSignature) as error:
        raise failure(step, f"{what}: {_reason(error)}") from error
    periods = _periods((*presented, root.certificate), step, what)
    return Chain(chain, root, own_root[0] if own_root else None, periods)


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


def _load(der: bytes) -> x509.Certificate:
    certificate = x509.load_der_x509_certificate(der)
    check_signature_encoding(der, certificate.signature)
    if certificate.serial_number <= 0:
        raise ValueError("serial number is not positive")
    return certificate


def _find_root(
    presented: tuple[x509.Certificate, ...],
    depth: int,
    roots: Iterable[TrustedRoot],
    step: Step,
    what: str,
) -> TrustedRoot:
    for root in roots:
        if _ends_in(presented, depth, root):
            return root
    raise failure(
        step,
        f"{what} does not end in a trusted root but in {presented[-1].issuer.rfc4514_string()!r}",
        hint="a root other than Intel's must be configured explicitly",
    )


def _ends_in(presented: tuple[x509.Certificate, ...], depth: int, root: TrustedRoot) -> bool:
    """Whether the chain brings this root along or, without any, was issued by it."""
    if len(presented) > depth:
        return root.is_same_authority(presented[depth])
    try:
        presented[-1].verify_directly_issued_by(root.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _check_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
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


def _check_authority(issuer: x509.Certificate, below: int) -> None:
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


def _periods(
    certificates: Iterable[x509.Certificate], step: Step, what: str
) -> tuple[Validity, ...]:
    return tuple(
        Validity(step, what, certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        for certificate in certificates
    )


def _reason(error: Exception) -> str:
    return "a signature is wrong" if isinstance(error, InvalidSignature) else str(error)
