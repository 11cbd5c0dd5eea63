"""Certificates of secrets: every field of the manifest's template, and the defaults."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from ringtaw_coordinator.manifest.model import (
    CertificateTemplate,
    Name,
    Names,
    SecretDefinition,
    SecretType,
)
from ringtaw_coordinator.pki.authority import Intermediate, KeyedCertificate
from ringtaw_coordinator.pki.fields import NO_EXPIRATION
from ringtaw_coordinator.pki.secret import SecretIssuer

KEY = ec.generate_private_key(ec.SECP256R1())
DEFINITION = SecretDefinition(
    SecretType.CERT_ECDSA,
    256,
    shared=True,
    user_defined=False,
    valid_for=0,
    certificate=CertificateTemplate(),
)


class Issue:
    """Issues a certificate for a template."""

    def __init__(self, intermediate: Intermediate) -> None:
        self.issuer = SecretIssuer(intermediate)
        self.marble_root = x509.load_der_x509_certificate(intermediate.marble_root)

    def __call__(self, template: CertificateTemplate, valid_for: int = 0) -> x509.Certificate:
        definition = replace(DEFINITION, certificate=template, valid_for=valid_for)
        return x509.load_der_x509_certificate(self.issuer.issue(definition, KEY.public_key()))


@pytest.fixture(scope="module")
def issue(hierarchy: tuple[KeyedCertificate, Intermediate]) -> Issue:
    return Issue(hierarchy[1])


def lifetime(certificate: x509.Certificate) -> timedelta:
    return certificate.not_valid_after_utc - certificate.not_valid_before_utc


def test_defaults(issue: Issue) -> None:
    certificate = issue(CertificateTemplate())
    assert certificate.subject.rfc4514_string() == "CN=localhost"
    assert certificate.issuer == issue.marble_root.subject
    assert 0 < certificate.serial_number < 1 << 128
    assert lifetime(certificate) == timedelta(365)
    extensions = certificate.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.key_cert_sign
    assert not usage.key_encipherment
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
    ]
    constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (False, None)
    identifier = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    marble_root = issue.marble_root.extensions
    issuer = marble_root.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert identifier.key_identifier == issuer.digest
    assert identifier.authority_cert_serial_number is None


@pytest.mark.parametrize(
    ("dns_names", "common_name", "expected"),
    [
        (None, "", "localhost"),
        (("db.example",), "", "db.example"),
        (("a.example", "b.example"), "", "MarbleRun Generated Certificate"),
        ((), "", "MarbleRun Generated Certificate"),
        (("db.example",), "mine", "mine"),
    ],
)
def test_common_name(
    dns_names: tuple[str, ...] | None, common_name: str, expected: str, issue: Issue
) -> None:
    template = CertificateTemplate(subject=Name(common_name=common_name), dns_names=dns_names)
    assert issue(template).subject.rfc4514_string() == f"CN={expected}"


@pytest.mark.filterwarnings("ignore:Attribute's length")
def test_subject_is_in_the_order_of_go(issue: Issue) -> None:
    subject = Name(
        country=("DE", "Neuland"),
        organization=("Org",),
        organizational_unit=("Unit",),
        locality=("City",),
        province=("Land",),
        street_address=("Street 1",),
        postal_code=("12345",),
        common_name="name",
        serial_number="0815",
        extra=(("1.2.3.4", "extra"), ("2.5.4.7", "Other City")),
    )
    kinds = [
        [(attribute.oid.dotted_string, attribute.value) for attribute in rdn]
        for rdn in issue(CertificateTemplate(subject=subject)).subject.rdns
    ]
    assert [sorted(kind) for kind in kinds] == [
        [("2.5.4.6", "DE"), ("2.5.4.6", "Neuland")],
        [("2.5.4.10", "Org")],
        [("2.5.4.11", "Unit")],
        [("2.5.4.8", "Land")],
        [("2.5.4.9", "Street 1")],
        [("2.5.4.17", "12345")],
        [("2.5.4.3", "name")],
        [("2.5.4.5", "0815")],
        [("1.2.3.4", "extra")],
        [("2.5.4.7", "Other City")],
    ]


def test_all_kinds_of_names(issue: Issue) -> None:
    template = CertificateTemplate(
        dns_names=("*.example", "b.example"),
        ip_addresses=("192.0.2.9", "2001:db8::9"),
        email_addresses=("admin@example.com",),
        uris=("spiffe://example/db",),
    )
    names = issue(template).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [
        x509.DNSName("*.example"),
        x509.DNSName("b.example"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.9")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::9")),
        x509.RFC822Name("admin@example.com"),
        x509.UniformResourceIdentifier("spiffe://example/db"),
    ]


def test_no_names_at_all(issue: Issue) -> None:
    extensions = issue(CertificateTemplate(dns_names=(), ip_addresses=())).extensions
    with pytest.raises(x509.ExtensionNotFound):
        extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_key_usage_is_the_bit_mask_of_go(issue: Issue) -> None:
    names = [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
    ]
    for position, name in enumerate(names):
        extensions = issue(CertificateTemplate(key_usage=1 << position)).extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        assert [other for other in names if getattr(usage, other)] == [name]
    usage = (
        issue(CertificateTemplate(key_usage=16 | 256))
        .extensions.get_extension_for_class(x509.KeyUsage)
        .value
    )
    assert usage.decipher_only
    assert not usage.encipher_only


def test_extended_key_usage_by_code_and_by_oid(issue: Issue) -> None:
    template = CertificateTemplate(
        ext_key_usage=tuple(range(14)), unknown_ext_key_usage=("1.2.3.4.5",)
    )
    extension = issue(template).extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    oids = [oid.dotted_string for oid in extension.value]
    assert len(set(oids)) == 15
    assert oids[:3] == ["2.5.29.37.0", "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]
    assert oids[8:10] == ["1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"]
    assert oids[-1] == "1.2.3.4.5"


def test_no_extended_key_usage(issue: Issue) -> None:
    with pytest.raises(x509.ExtensionNotFound):
        issue(CertificateTemplate(ext_key_usage=())).extensions.get_extension_for_class(
            x509.ExtendedKeyUsage
        )


def test_authority_policies_and_key_identifier(issue: Issue) -> None:
    template = CertificateTemplate(
        is_ca=True,
        max_path_len=0,
        policy_identifiers=("1.2.3", "2.5.29.32.0"),
        subject_key_id=b"id",
    )
    extensions = issue(template).extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)
    policies = extensions.get_extension_for_class(x509.CertificatePolicies).value
    oids = [policy.policy_identifier.dotted_string for policy in policies]
    assert oids == ["1.2.3", "2.5.29.32.0"]
    assert extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest == b"id"


def test_where_the_authority_publishes_and_what_it_may_issue(issue: Issue) -> None:
    template = CertificateTemplate(
        ocsp_servers=("http://ocsp.example.org",),
        issuer_urls=("http://example.org/ca.crt",),
        crl_urls=("http://example.org/1.crl", "http://example.org/2.crl"),
        permitted=Names(dns_domains=(".example.org",), ip_ranges=("10.0.0.0/8",)),
        excluded=Names(email_addresses=("example.net",), uri_domains=("example.net",)),
        are_constraints_critical=True,
        is_ca=True,
    )
    extensions = issue(template).extensions
    access = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [(a.access_method, a.access_location.value) for a in access] == [
        (AuthorityInformationAccessOID.OCSP, "http://ocsp.example.org"),
        (AuthorityInformationAccessOID.CA_ISSUERS, "http://example.org/ca.crt"),
    ]
    points = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    urls = [name.value for point in points for name in point.full_name or ()]
    assert urls == ["http://example.org/1.crl", "http://example.org/2.crl"]
    constraints = extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert constraints.value.permitted_subtrees == [
        x509.DNSName(".example.org"),
        x509.IPAddress(ipaddress.ip_network("10.0.0.0/8")),
    ]
    assert constraints.value.excluded_subtrees == [
        x509.RFC822Name("example.net"),
        x509.UniformResourceIdentifier("example.net"),
    ]


def test_validity(issue: Issue) -> None:
    not_after = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    assert issue(CertificateTemplate(not_after=not_after)).not_valid_after_utc == not_after
    assert lifetime(issue(CertificateTemplate(), valid_for=7)) == timedelta(7)
    endless = issue(CertificateTemplate(), valid_for=2**62)
    assert endless.not_valid_after_utc == NO_EXPIRATION


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (CertificateTemplate(not_after=datetime(2020, 1, 1, tzinfo=UTC)), "has passed"),
        (CertificateTemplate(key_usage=512), "KeyUsage 512"),
        (CertificateTemplate(key_usage=256), "decipher_only"),
        (CertificateTemplate(ext_key_usage=(14,)), "ExtKeyUsage 14"),
        (CertificateTemplate(ext_key_usage=(-1,)), "ExtKeyUsage -1"),
        (CertificateTemplate(dns_names=("müller.example",)), "A-label"),
        (CertificateTemplate(ip_addresses=("nowhere",)), "nowhere"),
        (CertificateTemplate(unknown_ext_key_usage=("oid",)), "oid"),
        (CertificateTemplate(max_path_len=1), "IsCA"),
        (CertificateTemplate(subject=Name(extra=(("1.40", "x"),))), "1.40"),
    ],
)
def test_what_cannot_be_made_is_refused(
    template: CertificateTemplate, reason: str, issue: Issue
) -> None:
    with pytest.raises(ValueError, match=reason):
        issue(template)
