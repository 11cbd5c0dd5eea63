"""The certificates that a Coordinator presents on its mesh API, made fresh for the tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

ROOT_NAME = "MarbleRun Coordinator"
INTERMEDIATE_NAME = "MarbleRun Coordinator - Intermediate CA"


@dataclass(frozen=True)
class MeshCertificates:
    """A key, and the chain presented with it: its own certificate first."""

    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]


@dataclass(frozen=True)
class Deployment:
    """The certificate authority of one Coordinator."""

    root_key: ec.EllipticCurvePrivateKey
    intermediate_key: ec.EllipticCurvePrivateKey
    root: x509.Certificate
    intermediate: x509.Certificate
    marble_root: x509.Certificate

    def presented(self, *chain: x509.Certificate) -> MeshCertificates:
        """What the mesh API presents: by default all, with other arguments just these."""
        everything = (self.marble_root, self.intermediate, self.root)
        return MeshCertificates(self.intermediate_key, chain or everything)


def deployment() -> Deployment:
    root_key, intermediate_key = ec.generate_private_key(ec.SECP384R1()), new_key()
    root = certificate(ROOT_NAME, root_key, ROOT_NAME, root_key)
    intermediate = certificate(INTERMEDIATE_NAME, intermediate_key, ROOT_NAME, root_key)
    marble_root = certificate(
        INTERMEDIATE_NAME, intermediate_key, INTERMEDIATE_NAME, intermediate_key
    )
    return Deployment(root_key, intermediate_key, root, intermediate, marble_root)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


def certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    authority: bool = True,
) -> x509.Certificate:
    """Make a certificate for the key, signed by the issuer's key."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA384())
    )


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
