"""The three certificates of the Coordinator.

The *root* identifies the deployment for ever. The *intermediate* is signed by it. The *Marble root*
has the subject and the key of the intermediate but is signed by itself: it is what Marbles trust.
A certificate issued with that key therefore chains both to the Marble root, for other Marbles, and
over the intermediate to the root, for everybody else.

That works in OpenSSL only if the key identifiers agree (they are hashes of the public key), if
issued certificates name their issuer by the key identifier alone, and if no path length is set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key
from cryptography.x509.oid import NameOID

from ringtaw_coordinator.pki.encoding import private_der
from ringtaw_coordinator.pki.fields import (
    BOTH_ROLES,
    SIGNATURE_HASH,
    alternative_names,
    begin_certificate,
    new_key,
)

ROOT_NAME: Final = "MarbleRun Coordinator"
INTERMEDIATE_NAME: Final = "MarbleRun Coordinator - Intermediate CA"

_USAGE: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class KeyedCertificate:
    """A certificate (DER) with its private key (PKCS #8 DER)."""

    certificate: bytes
    private_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Intermediate:
    """The two certificates (DER) of one key (PKCS #8 DER): they change together."""

    certificate: bytes
    marble_root: bytes
    private_key: bytes = field(repr=False)


def create_root(names: Sequence[str]) -> KeyedCertificate:
    """Make a new root with these DNS names and IP addresses."""
    key = new_key()
    subject = _name(ROOT_NAME)
    builder = _certificate(subject, subject, key.public_key(), names)
    return KeyedCertificate(_sign(builder, key), private_der(key))


def create_intermediate(root: KeyedCertificate, names: Sequence[str]) -> Intermediate:
    """Make a new intermediate, signed by the root, and the Marble root with the same key."""
    key = new_key()
    subject = _name(INTERMEDIATE_NAME)
    root_certificate = x509.load_der_x509_certificate(root.certificate)
    signed = _certificate(subject, root_certificate.subject, key.public_key(), names)
    signed = signed.add_extension(key_identifier_of_issuer(root_certificate), critical=False)
    marble_root = _certificate(subject, subject, key.public_key(), names)
    return Intermediate(
        certificate=_sign(signed, load_signing_key(root.private_key)),
        marble_root=_sign(marble_root, key),
        private_key=private_der(key),
    )


def renew_intermediate(root: KeyedCertificate, current: Intermediate) -> Intermediate:
    """Make a new intermediate and Marble root with the names of the current ones."""
    certificate = x509.load_der_x509_certificate(current.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return create_intermediate(root, [str(name.value) for name in names])


def key_identifier_of_issuer(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Return the extension that names the issuer by its key identifier alone."""
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value)


def load_signing_key(pkcs8: bytes) -> ec.EllipticCurvePrivateKey:
    """Load a key of the Coordinator.

    Raises:
        ValueError: It is not an elliptic-curve key.
    """
    key = load_der_private_key(pkcs8, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("a key of the Coordinator is not an elliptic-curve key")
    return key


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    names: Sequence[str],
) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    return (
        begin_certificate(issuer, subject, public_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_USAGE, critical=True)
        .add_extension(BOTH_ROLES, critical=False)
        .add_extension(alternative_names(names), critical=False)
        .add_extension(identifier, critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> bytes:
    return builder.sign(key, SIGNATURE_HASH).public_bytes(Encoding.DER)
