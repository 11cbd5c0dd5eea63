"""Certificate templates in the JSON form of Go's x509.Certificate."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ringtaw_coordinator.manifest.model import CertificateTemplate, Name, Names
from ringtaw_schemas import manifest_schema

from tests.manifest.samples import JSON, accepted, problem, warning, with_cert


def template(**fields: Any) -> CertificateTemplate:
    return accepted(with_cert(**fields)).secrets["s"].certificate


def test_subject() -> None:
    subject = {
        **{"Country": ["DE"], "Organization": ["a", "b"], "OrganizationalUnit": ["c"]},
        **{"Locality": ["d"], "Province": ["e"], "StreetAddress": ["f"], "PostalCode": ["g"]},
        **{"CommonName": "h", "SerialNumber": "i", "Names": [{"Type": [1], "Value": 3}]},
        "ExtraNames": [{"Type": [2, 5, 4, 42], "Value": "j"}],
    }
    assert template(Subject=subject).subject == Name(
        *(("DE",), ("a", "b"), ("c",), ("d",), ("e",), ("f",), ("g",)),
        *("h", "i", (("2.5.4.42", "j"),)),
    )


def test_alternative_names() -> None:
    made = template(
        DNSNames=["localhost", "*.example.org"],
        IPAddresses=["10.0.0.1", "FE80::1"],
        EmailAddresses=["a@example.org"],
        URIs=[{"Scheme": "spiffe", "Host": "example.org", "Path": "/a b"}],
    )
    assert made.dns_names == ("localhost", "*.example.org")
    assert made.ip_addresses == ("10.0.0.1", "fe80::1")
    assert made.email_addresses == ("a@example.org",)
    assert made.uris == ("spiffe://example.org/a%20b",)


def test_absent_and_empty_names() -> None:
    assert template(IsCA=True).dns_names is None
    assert template(DNSNames=None, IsCA=True).dns_names is None
    assert template(DNSNames=[]).dns_names == ()
    assert template(IPAddresses=[], IsCA=True).ip_addresses is None


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({"Scheme": "HTTPS", "Host": "h:1", "Path": "p"}, "https://h:1/p"),
        ({"Scheme": "urn", "Opaque": "a:b"}, "urn:a:b"),
        ({"Scheme": "file", "Path": "/p"}, "file:///p"),
        ({"Scheme": "file", "Path": "/p", "OmitHost": True}, "file:/p"),
        ({"Scheme": "a", "Host": "h", "Path": "/a/b", "RawPath": "/a%2Fb"}, "a://h/a%2Fb"),
        ({"Scheme": "a", "Host": "h", "Path": "/a/b", "RawPath": "/other"}, "a://h/a/b"),
        (
            {"Scheme": "a", "Host": "h", "Path": "/a/b c", "RawPath": "/a%2fb%20c"},
            "a://h/a%2fb%20c",
        ),
        (
            {"Scheme": "a", "Host": "[::1]:80", "RawQuery": "x=1", "Fragment": "f"},
            "a://[::1]:80?x=1#f",
        ),
        ({"Scheme": "a", "Host": "h", "ForceQuery": True, "User": {}}, "a://h?"),
    ],
)
def test_uris(parts: JSON, text: str) -> None:
    assert template(URIs=[parts]).uris == (text,)


def test_usages() -> None:
    made = template(
        KeyUsage=5,
        ExtKeyUsage=[0, 13],
        UnknownExtKeyUsage=[[1, 3, 6, 1]],
        PolicyIdentifiers=[[2, 23, 140]],
        Policies=["2.5.29.32.0"],
    )
    assert (made.key_usage, made.ext_key_usage) == (5, (0, 13))
    assert made.unknown_ext_key_usage == ("1.3.6.1",)
    assert made.policy_identifiers == ("2.23.140", "2.5.29.32.0")
    absent = template(KeyUsage=0, ExtKeyUsage=[], IsCA=True)
    assert (absent.key_usage, absent.ext_key_usage) == (None, None)


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        ({}, None),
        ({"MaxPathLen": 0}, None),
        ({"MaxPathLen": -1}, None),
        ({"MaxPathLen": 0, "MaxPathLenZero": True}, 0),
        ({"MaxPathLen": 3}, 3),
    ],
)
def test_path_length(fields: JSON, length: int | None) -> None:
    made = template(IsCA=True, **fields)
    assert (made.is_ca, made.max_path_len) == (True, length)


def test_key_identifier_and_time() -> None:
    made = template(SubjectKeyId="AAEC", NotAfter="2999-12-31T23:59:59.123456789-01:00")
    assert made.subject_key_id == b"\0\1\2"
    assert made.not_after == datetime(3000, 1, 1, 0, 59, 59, tzinfo=UTC)
    assert template(NotAfter="0001-01-01T00:00:00Z", IsCA=True).not_after is None


def test_what_is_overwritten_or_describes_another_certificate_is_ignored() -> None:
    fields = {
        **{"SerialNumber": 5, "NotBefore": "2020-01-01T00:00:00Z", "BasicConstraintsValid": True},
        **{"Issuer": {"CommonName": "x"}, "Raw": "AAAA", "PublicKey": {"N": 3, "E": 65537}},
        **{"Version": 3, "Extensions": [{"Id": [2, 5], "Value": "AA=="}], "AuthorityKeyId": "AA=="},
    }
    assert template(**fields) == CertificateTemplate()


def test_zero_values_of_unsupported_fields_are_ignored() -> None:
    zeroes = {"ExtraExtensions": None, "InhibitAnyPolicyZero": False, "SignatureAlgorithm": 0}
    assert template(**zeroes, PolicyMappings=[]) == CertificateTemplate()


def test_every_field_may_be_null_as_go_sends_it() -> None:
    fields = manifest_schema()["$defs"]["Certificate"]["properties"]
    assert template(**dict.fromkeys(fields)) == CertificateTemplate()


def test_where_the_authority_publishes_and_what_it_may_issue() -> None:
    made = template(
        OCSPServer=["http://ocsp.example.org"],
        IssuingCertificateURL=["http://example.org/ca.crt"],
        CRLDistributionPoints=["http://example.org/1.crl", "http://example.org/2.crl"],
        PermittedDNSDomainsCritical=True,
        PermittedDNSDomains=["example.org", ".example.com"],
        PermittedIPRanges=[{"IP": "10.0.0.0", "Mask": "/wAAAA=="}],
        ExcludedIPRanges=[{"IP": "2001:db8::", "Mask": "/////wAAAAAAAAAAAAAAAA=="}],
        ExcludedEmailAddresses=["root@example.org", "example.net"],
        ExcludedURIDomains=["example.net"],
    )
    assert made == CertificateTemplate(
        ocsp_servers=("http://ocsp.example.org",),
        issuer_urls=("http://example.org/ca.crt",),
        crl_urls=("http://example.org/1.crl", "http://example.org/2.crl"),
        permitted=Names(dns_domains=("example.org", ".example.com"), ip_ranges=("10.0.0.0/8",)),
        excluded=Names(
            ip_ranges=("2001:db8::/32",),
            email_addresses=("root@example.org", "example.net"),
            uri_domains=("example.net",),
        ),
        are_constraints_critical=True,
    )


NO_NETWORK = ("/PermittedIPRanges/0", "is no network")


@pytest.mark.parametrize(
    "field", ["ExtraExtensions", "PolicyMappings", "InhibitAnyPolicy", "SignatureAlgorithm"]
)
def test_fields_that_would_be_lost_are_refused(field: str) -> None:
    found = problem(with_cert(**{field: ["x"]}))
    assert found.pointer == f"/Secrets/s/Cert/{field}"
    assert found.message == "is not supported: leave it out"


@pytest.mark.parametrize(
    ("fields", "pointer", "message"),
    [
        ({"DNSNames": ["é"]}, "/DNSNames/0", "is no DNS name"),
        ({"DNSNames": [""]}, "/DNSNames/0", "is no DNS name"),
        ({"IPAddresses": ["10.0.0.256"]}, "/IPAddresses/0", "is no IP address"),
        ({"IPAddresses": ["fe80::1%lo"]}, "/IPAddresses/0", "is no IP address"),
        ({"OCSPServer": ["http://é"]}, "/OCSPServer/0", "is no URL in ASCII"),
        ({"CRLDistributionPoints": [""]}, "/CRLDistributionPoints/0", "is no URL in ASCII"),
        ({"ExcludedDNSDomains": ["a b"]}, "/ExcludedDNSDomains/0", "is no DNS domain in ASCII"),
        ({"PermittedIPRanges": [{"IP": "10.0.0.1", "Mask": "/wAAAA=="}]}, *NO_NETWORK),
        ({"PermittedIPRanges": [{"IP": "10.0.0.0", "Mask": "/wD/AA=="}]}, *NO_NETWORK),
        ({"PermittedIPRanges": [{"IP": "10.0.0.0", "Mask": "/w=="}]}, *NO_NETWORK),
        (
            {"PermittedIPRanges": [{"IP": "::", "Mask": "/wAAAA=="}]},
            "/PermittedIPRanges/0",
            "length",
        ),
        ({"PermittedIPRanges": [{"IP": "::"}]}, *NO_NETWORK),
        ({"EmailAddresses": ["é@example.org"]}, "/EmailAddresses/0", "is no e-mail address"),
        ({"URIs": [{"Host": "h"}]}, "/URIs/0", '"Scheme" is missing'),
        ({"URIs": [{"Scheme": "é", "Opaque": "x"}]}, "/URIs/0", "is no URI"),
        ({"URIs": ["https://example.org"]}, "/URIs/0", "must be an object"),
        ({"KeyUsage": 512}, "/KeyUsage", "must be at most 511"),
        ({"KeyUsage": 128}, "/KeyUsage", "without keyAgreement"),
        ({"ExtKeyUsage": [14]}, "/ExtKeyUsage/0", "must be at most 13"),
        ({"UnknownExtKeyUsage": [[1]]}, "/UnknownExtKeyUsage/0", "object identifier"),
        ({"UnknownExtKeyUsage": [[3, 1]]}, "/UnknownExtKeyUsage/0", "is no object identifier"),
        ({"Policies": ["1.2.x"]}, "/Policies/0", "is no object identifier"),
        ({"NotAfter": "2030-01-01"}, "/NotAfter", "is no RFC 3339 time"),
        ({"NotAfter": "2030-02-30T00:00:00Z"}, "/NotAfter", "is no time of the calendar"),
        ({"NotAfter": "9999-12-31T23:59:59-01:00"}, "/NotAfter", "is no time of the calendar"),
        ({"MaxPathLen": 1}, "/MaxPathLen", "only a CA"),
        ({"MaxPathLen": 0, "MaxPathLenZero": True}, "", "only a CA"),
        ({"SubjectKeyId": "A"}, "/SubjectKeyId", "is not base64"),
        ({"Subject": {"Country": ["D&"]}}, "/Subject/Country/0", "has characters that"),
        ({"Subject": {"SerialNumber": "é"}}, "/Subject/SerialNumber", "has characters that"),
        (
            {"Subject": {"ExtraNames": [{"Type": [9, 9], "Value": "v"}]}},
            "/Subject/ExtraNames/0/Type",
            "is no object identifier",
        ),
        (
            {"Subject": {"ExtraNames": [{"Type": [2, 5, 4, 6], "Value": "_"}]}},
            "/Subject/ExtraNames/0",
            "has characters that",
        ),
    ],
)
def test_bad_fields(fields: JSON, pointer: str, message: str) -> None:
    found = problem(with_cert(**fields))
    assert found.pointer == f"/Secrets/s/Cert{pointer}"
    assert message in found.message


@pytest.mark.parametrize(
    ("subject", "pointer"),
    [
        ({"Country": ["Germany"]}, "/Country/0"),
        ({"CommonName": "x" * 65}, "/CommonName"),
        ({"ExtraNames": [{"Type": [2, 5, 4, 3]}]}, "/ExtraNames/0"),
    ],
)
def test_lengths_that_go_takes_are_a_warning(subject: JSON, pointer: str) -> None:
    found = warning(with_cert(Subject=subject))
    assert found.pointer == f"/Secrets/s/Cert/Subject{pointer}"
    assert "is not what X.520 allows" in found.message
