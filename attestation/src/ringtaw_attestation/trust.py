"""Trusted roots: the certificates on which every verdict rests.

The default is Intel's, pinned here. Any other root counts only where it is configured explicitly;
a root that merely comes with a quote or with collateral is never trusted for being there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from ringtaw_attestation.errors import ConfigurationError

SOFTWARE_TEE: Final = "software TEE"
"""What the name of every software TEE's root contains, in any letter case."""

INTEL_SGX_ROOT_CA_PEM: Final = b"""\
-----BEGIN CERTIFICATE-----
MIICjzCCAjSgAwIBAgIUImUM1lqdNInzg7SVUr9QGzknBqwwCgYIKoZIzj0EAwIw
aDEaMBgGA1UEAwwRSW50ZWwgU0dYIFJvb3QgQ0ExGjAYBgNVBAoMEUludGVsIENv
cnBvcmF0aW9uMRQwEgYDVQQHDAtTYW50YSBDbGFyYTELMAkGA1UECAwCQ0ExCzAJ
BgNVBAYTAlVTMB4XDTE4MDUyMTEwNDUxMFoXDTQ5MTIzMTIzNTk1OVowaDEaMBgG
A1UEAwwRSW50ZWwgU0dYIFJvb3QgQ0ExGjAYBgNVBAoMEUludGVsIENvcnBvcmF0
aW9uMRQwEgYDVQQHDAtTYW50YSBDbGFyYTELMAkGA1UECAwCQ0ExCzAJBgNVBAYT
AlVTMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEC6nEwMDIYZOj/iPWsCzaEKi7
1OiOSLRFhWGjbnBVJfVnkY4u3IjkDYYL0MxO4mqsyYjlBalTVYxFP2sJBK5zlKOB
uzCBuDAfBgNVHSMEGDAWgBQiZQzWWp00ifODtJVSv1AbOScGrDBSBgNVHR8ESzBJ
MEegRaBDhkFodHRwczovL2NlcnRpZmljYXRlcy50cnVzdGVkc2VydmljZXMuaW50
ZWwuY29tL0ludGVsU0dYUm9vdENBLmRlcjAdBgNVHQ4EFgQUImUM1lqdNInzg7SV
Ur9QGzknBqwwDgYDVR0PAQH/BAQDAgEGMBIGA1UdEwEB/wQIMAYBAf8CAQEwCgYI
KoZIzj0EAwIDSQAwRgIhAOW/5QkR+S9CiSDcNoowLuPRLsWGf/Yi7GSX94BgwTwg
AiEA4J0lrHoMs+Xo5o/sX6O9QWxHRAvZUGOdRQ7cvqRXaqI=
-----END CERTIFICATE-----
"""
"""The certificate that Intel publishes as Intel_SGX_Provisioning_Certification_RootCA.cer.

SHA-256: 44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3.
"""


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """A self-signed certificate that is trusted for its name and its public key.

    Intel has issued its root's certificate more than once for the same key, and quotes carry any
    of them: what :meth:`is_same_authority` compares is name and key.
    """

    certificate: x509.Certificate

    @classmethod
    def from_bytes(cls, data: bytes) -> TrustedRoot:
        """Read one certificate in PEM or DER.

        Raises:
            ConfigurationError: It is neither, or does not sign itself.
        """
        is_pem = data.lstrip().startswith(b"-----BEGIN")
        load = x509.load_pem_x509_certificate if is_pem else x509.load_der_x509_certificate
        try:
            certificate = load(data)
            certificate.verify_directly_issued_by(certificate)
        except Exception as error:
            raise ConfigurationError(
                "a trusted root is not a self-signed certificate in PEM or DER"
            ) from error
        return cls(certificate)

    @property
    def name(self) -> str:
        """The common name, or the whole subject where there is none."""
        for attribute in self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
            return str(attribute.value)
        return self.certificate.subject.rfc4514_string()

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def is_software_tee(self) -> bool:
        """Whether this is the root of a software TEE: then no hardware protects anything."""
        return SOFTWARE_TEE.lower() in self.name.lower()

    def is_same_authority(self, certificate: x509.Certificate) -> bool:
        """Whether a certificate has this root's name and public key."""
        return self.certificate.subject == certificate.subject and _public_key(
            self.certificate
        ) == _public_key(certificate)


def read_trusted_roots(path: Path) -> tuple[TrustedRoot, ...]:
    """Read a PEM file with one or more self-signed certificates.

    Raises:
        ConfigurationError: It cannot be read, or has something else.
    """
    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
        return tuple(
            TrustedRoot.from_bytes(certificate.public_bytes(Encoding.DER))
            for certificate in certificates
        )
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error.message}") from error
    except Exception as error:
        raise ConfigurationError(f"{path} has no certificates in PEM") from error


def _public_key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


INTEL_SGX_ROOT_CA: Final = TrustedRoot.from_bytes(INTEL_SGX_ROOT_CA_PEM)
"""Root of all genuine SGX and TDX platforms."""
