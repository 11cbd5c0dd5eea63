"""Who a Coordinator is: its root certificate, which never changes in the life of a deployment."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from ringtaw_client._names import names_of
from ringtaw_client.errors import InputError

if TYPE_CHECKING:
    from cryptography import x509

MAX_CERTIFICATES: Final = 8
_HINT: Final = "expected is PEM: the intermediate certificate and the root certificate"


@dataclass(frozen=True, slots=True, repr=False)
class CoordinatorIdentity:
    """A root certificate, and the intermediate certificate of the manifest in force if known.

    Both are DER. Every update of the manifest makes a new intermediate; the root stays.
    """

    root: bytes
    intermediate: bytes = b""

    def __repr__(self) -> str:
        return f"CoordinatorIdentity({self.fingerprint})"

    @classmethod
    def from_pem(cls, pem: bytes) -> CoordinatorIdentity:
        """Read the certificates that ``certificate_chain`` and MarbleRun's tools write.

        They may stand in any order: the root is the one that signs itself.

        Raises:
            InputError: They are not a root, or an intermediate and the root that issued it.
        """
        from cryptography.hazmat.primitives.serialization import Encoding

        certificates = _parse(pem)
        roots = [one for one in certificates if _is_issued_by(one, one)]
        others = [one for one in certificates if one not in roots]
        if len(roots) != 1 or len(others) > 1:
            raise InputError("the certificates are not one root and its intermediate", hint=_HINT)
        if others and not _is_issued_by(others[0], roots[0]):
            raise InputError("the intermediate certificate is not issued by the root", hint=_HINT)
        der = [one.public_bytes(Encoding.DER) for one in (*roots, *others)]
        return cls(*der)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the root certificate, in hex."""
        return sha256(self.root).hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """DNS names and IP addresses for which the root certificate is."""
        return names_of(self.root)

    @property
    def root_pem(self) -> str:
        """The root certificate."""
        return to_pem(self.root)

    @property
    def chain_pem(self) -> str:
        """Intermediate and root certificate, in the order in which Coordinators send them."""
        return (to_pem(self.intermediate) if self.intermediate else "") + self.root_pem

    def has_issued(self, certificate: bytes) -> bool:
        """Whether a certificate (DER) is the root itself, or issued by it or its intermediate."""
        try:
            candidate = _load(certificate)
        except ValueError:
            return False
        issuers = [_load(one) for one in (self.root, self.intermediate) if one]
        return certificate == self.root or any(_is_issued_by(candidate, one) for one in issuers)

    def has_signed(self, content: bytes, signature: bytes) -> bool:
        """Whether the root key signed this: ECDSA over its SHA-256, in DER."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        key = _load(self.root).public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        try:
            key.verify(signature, content, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


def to_pem(der: bytes) -> str:
    """Return a certificate in PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return _load(der).public_bytes(Encoding.PEM).decode()


def to_der(pem: bytes) -> bytes:
    """Return the only certificate in PEM as DER.

    Raises:
        InputError: There is another number of them.
    """
    certificate, *further = to_chain(pem)
    if further:
        raise InputError("there is not exactly one certificate")
    return certificate


def to_chain(pem: bytes) -> tuple[bytes, ...]:
    """Return certificates in PEM, of which there are 1 to 8, as DER.

    Raises:
        InputError: There are none, or more.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    return tuple(certificate.public_bytes(Encoding.DER) for certificate in _parse(pem))


def _parse(pem: bytes) -> list[x509.Certificate]:
    from cryptography import x509

    if pem.count(b"-----BEGIN") > MAX_CERTIFICATES:
        raise InputError(f"there are more than {MAX_CERTIFICATES} certificates", hint=_HINT)
    try:
        return x509.load_pem_x509_certificates(pem)
    except (ValueError, x509.InvalidVersion):
        raise InputError("there are no certificates in PEM", hint=_HINT) from None


def _load(der: bytes) -> x509.Certificate:
    from cryptography import x509

    return x509.load_der_x509_certificate(der)


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
