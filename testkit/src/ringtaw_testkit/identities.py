"""Certificates for tests: a server's identity and all kinds of client certificates."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from ringtaw_coordinator.core.api import TLSIdentity

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
_NAMES = x509.SubjectAlternativeName(
    [
        x509.DNSName("localhost"),
        x509.IPAddress(IPv4Address("127.0.0.1")),
        x509.IPAddress(IPv6Address("::1")),
    ]
)


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)

    @property
    def der(self) -> bytes:
        """The certificate, DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate, PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key, PKCS #8 PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def identity(self) -> TLSIdentity:
        """The same as a server takes it."""
        key = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return TLSIdentity((self.der,), key)

    def client_context(self, directory: Path, alpn: str | None = "h2") -> ssl.SSLContext:
        """Return a context that presents this certificate and verifies nobody."""
        context = anonymous_context(alpn)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # weak keys are for the server to judge
        file = directory / f"{self.certificate.serial_number:x}.pem"
        file.write_bytes(self.key_pem + self.pem)
        context.load_cert_chain(file)
        return context


def anonymous_context(alpn: str | None = "h2") -> ssl.SSLContext:
    """Return a context that presents no certificate and verifies nobody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols([alpn])
    return context


def self_signed(
    name: str = "MarbleRun Marble",
    *,
    key: PrivateKey | None = None,
    not_before: timedelta = timedelta(minutes=-1),
    not_after: timedelta = timedelta(days=1),
    extension: x509.ExtensionType = _NAMES,
) -> Certified:
    """Make a self-signed certificate, P-384 unless ``key`` is given; times are from now.

    ``extension`` is its only one, and critical unless it is the usual names.
    """
    key = key or ec.generate_private_key(ec.SECP384R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + not_before)
        .not_valid_after(now + not_after)
        .add_extension(extension, critical=extension is not _NAMES)
    )
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Certified(builder.sign(key, digest), key)


def marble_root(name: str = "MarbleRun Coordinator - Intermediate CA") -> Certified:
    """Make what a Coordinator presents on its mesh port."""
    return self_signed(name)
