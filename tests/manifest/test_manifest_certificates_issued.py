"""Every certificate template that a manifest is accepted with can be issued."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from ringtaw_coordinator.errors import ManifestError
from ringtaw_coordinator.pki.authority import create_intermediate, create_root
from ringtaw_coordinator.pki.secret import SecretIssuer

from tests.manifest.samples import load, with_secret

ISSUER = SecretIssuer(create_intermediate(create_root(["localhost"]), ["localhost"]))
KEY = ec.generate_private_key(ec.SECP256R1()).public_key()

TEXT = st.text(max_size=12) | st.sampled_from(["x.example.org", "a@example.org", "é", "x" * 70, ""])
TEXTS = st.lists(TEXT, max_size=2)
ARCS = st.lists(st.integers(0, 2**31), max_size=4) | st.sampled_from(
    [[2, 5, 4, 3], [1, 40], [2, 999, 1]]
)
NAME_PARTS = ["Country", "Organization", "OrganizationalUnit", "Locality", "Province"]
SUBJECT = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys([*NAME_PARTS, "StreetAddress", "PostalCode"], TEXTS),
        "CommonName": TEXT,
        "SerialNumber": TEXT,
        "ExtraNames": st.lists(st.fixed_dictionaries({"Type": ARCS, "Value": TEXT}), max_size=2),
    },
)
URI = st.fixed_dictionaries(
    {"Scheme": st.sampled_from(["https", "spiffe", "URN"])},
    optional=dict.fromkeys(["Opaque", "Host", "Path", "RawPath", "RawQuery", "Fragment"], TEXT),
)
ADDRESSES = ["10.0.0.1", "::1", "::ffff:1.2.3.4", "fe80::1%lo", "1.2.3", "01.2.3.4"]
MASKS = [
    "/wAAAA==",
    "//8AAA==",
    "/////w==",
    "AAAAAA==",
    "//4A/w==",
    "/w==",
    "//////////8AAAAAAAAAAA==",
]
IP_RANGE = st.fixed_dictionaries(
    {
        "IP": st.sampled_from(["10.0.0.0", "0.0.0.0", "10.1.2.3", "2001:db8::", "::", "x"]),
        "Mask": st.sampled_from(MASKS),
    }
)
CERT = st.fixed_dictionaries(
    {},
    optional={
        "Subject": SUBJECT,
        "NotAfter": st.datetimes().map(lambda time: time.isoformat(timespec="seconds") + "Z"),
        "DNSNames": TEXTS,
        "IPAddresses": st.lists(st.sampled_from(ADDRESSES), max_size=2),
        "EmailAddresses": TEXTS,
        "URIs": st.lists(URI, max_size=2),
        "KeyUsage": st.integers(0, 511),
        "ExtKeyUsage": st.lists(st.integers(0, 13), max_size=3),
        "UnknownExtKeyUsage": st.lists(ARCS, max_size=2),
        "PolicyIdentifiers": st.lists(ARCS, max_size=2),
        "Policies": st.lists(st.sampled_from(["1.2.3", "2.5.29.32.0", "1", "2.999.1"]), max_size=2),
        **dict.fromkeys(["OCSPServer", "IssuingCertificateURL", "CRLDistributionPoints"], TEXTS),
        **dict.fromkeys(["PermittedDNSDomains", "ExcludedURIDomains"], TEXTS),
        "PermittedEmailAddresses": TEXTS,
        "ExcludedIPRanges": st.lists(IP_RANGE, max_size=2),
        "PermittedDNSDomainsCritical": st.booleans(),
        "SubjectKeyId": st.lists(st.integers(0, 255), max_size=3),
        "MaxPathLen": st.integers(-1, 255),
        "MaxPathLenZero": st.booleans(),
    },
)


def accepts(field: str, value: Any) -> bool:
    """Return whether a manifest with this one field is accepted, so that it can be issued."""
    try:
        loaded = load(with_secret(Type="cert-ecdsa", Size=256, Cert={"IsCA": True, field: value}))
    except ManifestError:
        return False
    return not any("NotAfter has passed" in warning.message for warning in loaded.warnings)


@pytest.mark.filterwarnings("ignore:Attribute's length must be")
@settings(max_examples=150, deadline=None)
@given(CERT)
def test_accepted_templates_can_be_issued(cert: dict[str, Any]) -> None:
    fields = {field: value for field, value in cert.items() if accepts(field, value)}
    manifest = load(with_secret(Type="cert-ecdsa", Size=256, Cert={"IsCA": True} | fields)).manifest
    issued = x509.load_der_x509_certificate(ISSUER.issue(manifest.secrets["s"], KEY))
    assert len(list(issued.extensions)) >= 4
    assert issued.subject
