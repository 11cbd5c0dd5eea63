"""Certificates in the place of certificate templates, as MarbleRun's tools write them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from ringtaw_coordinator.manifest.model import CertificateTemplate, Name, Names

from tests.manifest.samples import accepted, problem, with_secret


def go_certificate() -> bytes:
    """Return a certificate with all that a template can have."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "o"),
            x509.NameAttribute(NameOID.COMMON_NAME, "n"),
            x509.NameAttribute(NameOID.PSEUDONYM, "p"),
        ]
    )
    names = [x509.DNSName("d"), x509.IPAddress(ip_address("::1")), x509.RFC822Name("a@b")]
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier("1.2.3")]
    flags = [True, False, False, False, True, False, False, True, False]
    policies = [x509.PolicyInformation(x509.ObjectIdentifier("2.23.140"), None)]
    extensions: list[x509.ExtensionType] = [
        x509.SubjectAlternativeName([*names, x509.UniformResourceIdentifier("a:b")]),
        x509.ExtendedKeyUsage(usages),
        x509.KeyUsage(*flags),
        x509.BasicConstraints(True, 2),
        x509.CertificatePolicies(policies),
    ]
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime(2999, 1, 1, tzinfo=UTC))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_certificate_as_template_of_a_generated_secret() -> None:
    cert = base64.b64encode(go_certificate()).decode()
    manifest = accepted(with_secret(Type="cert-ecdsa", Size=256, Cert=cert))
    assert manifest.secrets["s"].initial_certificate == b""
    assert manifest.secrets["s"].certificate == CertificateTemplate(
        subject=Name(organization=("o",), common_name="n", extra=(("2.5.4.65", "p"),)),
        not_after=datetime(2999, 1, 1, tzinfo=UTC),
        dns_names=("d",),
        ip_addresses=("::1",),
        email_addresses=("a@b",),
        uris=("a:b",),
        key_usage=1 + 16 + 128,
        ext_key_usage=(2,),
        unknown_ext_key_usage=("1.2.3",),
        policy_identifiers=("2.23.140",),
        is_ca=True,
        max_path_len=2,
    )


def with_extension(extension: x509.ExtensionType, *, critical: bool = False) -> dict[str, Any]:
    """Return a manifest with a generated secret whose certificate is described by another."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "n")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime(2999, 1, 1, tzinfo=UTC))
    made = builder.add_extension(extension, critical=critical).sign(key, hashes.SHA256())
    cert = base64.b64encode(made.public_bytes(Encoding.DER)).decode()
    return with_secret(Type="cert-ecdsa", Size=256, Cert=cert)


URL = x509.UniformResourceIdentifier("http://example.org/1")
OCSP = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, URL)
ISSUERS = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, URL)
TIME_STAMPING = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.3")
NAME = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "n")]))


def test_revocation_and_constraints_of_a_certificate_as_template() -> None:
    def described(extension: x509.ExtensionType, *, critical: bool = False) -> CertificateTemplate:
        manifest = accepted(with_extension(extension, critical=critical))
        return manifest.secrets["s"].certificate

    access = described(x509.AuthorityInformationAccess([OCSP, ISSUERS]))
    assert (access.ocsp_servers, access.issuer_urls) == ((URL.value,), (URL.value,))
    point = x509.DistributionPoint([URL, URL], None, None, None)
    assert described(x509.CRLDistributionPoints([point, point])).crl_urls == 4 * (URL.value,)
    permitted = [x509.DNSName("example.org"), x509.IPAddress(ip_network("10.0.0.0/8"))]
    excluded = [x509.RFC822Name("example.net"), x509.UniformResourceIdentifier("example.net")]
    constrained = described(x509.NameConstraints(permitted, excluded), critical=True)
    assert constrained.permitted == Names(("example.org",), ("10.0.0.0/8",))
    assert constrained.excluded == Names((), (), ("example.net",), ("example.net",))
    assert constrained.are_constraints_critical
    assert not described(x509.NameConstraints(permitted, None)).are_constraints_critical
    assert described(x509.SubjectKeyIdentifier(b"id")).subject_key_id == b"", "follows from the key"


@pytest.mark.parametrize(
    ("extension", "message"),
    [
        (x509.TLSFeature([x509.TLSFeatureType.status_request]), "the extension 1.3.6.1.5.5.7.1.24"),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"x"), "the extension 1.2.3"),
        (x509.NameConstraints([NAME], None), "a name constraint"),
        (
            x509.AuthorityInformationAccess([x509.AccessDescription(TIME_STAMPING, URL)]),
            "an access method",
        ),
        (
            x509.AuthorityInformationAccess(
                [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, NAME)]
            ),
            "without a URL",
        ),
        (
            x509.CRLDistributionPoints([x509.DistributionPoint([URL], None, None, [NAME])]),
            "a CRL distribution point",
        ),
    ],
)
def test_what_a_template_cannot_hold_is_refused(
    extension: x509.ExtensionType, message: str
) -> None:
    found = problem(with_extension(extension))
    assert found.pointer == "/Secrets/s/Cert"
    assert message in found.message


@pytest.mark.parametrize("cert", ["AAAA", "A"])
def test_certificate_as_template_must_parse(cert: str) -> None:
    found = problem(with_secret(Type="cert-ecdsa", Size=256, Cert=cert))
    assert found.pointer == "/Secrets/s/Cert"
