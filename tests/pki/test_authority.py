"""The Coordinator's own certificates."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from ringtaw_coordinator.pki.authority import (
    INTERMEDIATE_NAME,
    ROOT_NAME,
    KeyedCertificate,
    create_intermediate,
    create_root,
    load_signing_key,
)
from ringtaw_coordinator.pki.encoding import private_der
from ringtaw_coordinator.pki.fields import NO_EXPIRATION

NAMES = ("coordinator.example", "192.0.2.7", "2001:db8::1", "localhost")


@pytest.fixture(scope="module")
def root() -> KeyedCertificate:
    return create_root(NAMES)


@pytest.fixture(scope="module")
def certificates(root: KeyedCertificate) -> dict[str, x509.Certificate]:
    intermediate = create_intermediate(root, NAMES)
    ders = {
        "root": root.certificate,
        "intermediate": intermediate.certificate,
        "marble root": intermediate.marble_root,
    }
    return {name: x509.load_der_x509_certificate(der) for name, der in ders.items()}


def common_name(name: x509.Name) -> list[tuple[str, str]]:
    return [(attribute.rfc4514_attribute_name, str(attribute.value)) for attribute in name]


def test_subjects_and_issuers(certificates: dict[str, x509.Certificate]) -> None:
    expected = {
        "root": (ROOT_NAME, ROOT_NAME),
        "intermediate": (INTERMEDIATE_NAME, ROOT_NAME),
        "marble root": (INTERMEDIATE_NAME, INTERMEDIATE_NAME),
    }
    for name, (subject, issuer) in expected.items():
        assert common_name(certificates[name].subject) == [("CN", subject)]
        assert common_name(certificates[name].issuer) == [("CN", issuer)]


def test_intermediate_and_marble_root_share_key_and_identifier(
    certificates: dict[str, x509.Certificate],
) -> None:
    one, other = certificates["intermediate"], certificates["marble root"]
    assert one.public_key() == other.public_key() != certificates["root"].public_key()
    one_identifier, other_identifier = (
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        for certificate in (one, other)
    )
    assert one_identifier == other_identifier
    assert one.serial_number != other.serial_number


@pytest.mark.parametrize("name", ["root", "intermediate", "marble root"])
def test_fields_of_every_certificate(name: str, certificates: dict[str, x509.Certificate]) -> None:
    certificate = certificates[name]
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp384r1"
    assert 0 < certificate.serial_number < 1 << 128
    assert certificate.not_valid_after_utc == NO_EXPIRATION
    age = datetime.now(UTC) - certificate.not_valid_before_utc
    assert 0 <= age.total_seconds() < 60
    extensions = certificate.extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=None)
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.key_cert_sign
    assert not usage.key_agreement
    assert not usage.crl_sign
    assert set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
    }


@pytest.mark.parametrize("name", ["root", "intermediate", "marble root"])
def test_names_of_every_certificate(name: str, certificates: dict[str, x509.Certificate]) -> None:
    extensions = certificates[name].extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["coordinator.example", "localhost"]
    addresses = ["192.0.2.7", "2001:db8::1", "127.0.0.1", "::1"]
    expected = [ipaddress.ip_address(address) for address in addresses]
    assert names.get_values_for_type(x509.IPAddress) == expected


def test_loopback_is_not_repeated() -> None:
    certificate = x509.load_der_x509_certificate(create_root(["::1"]).certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["::1", "127.0.0.1"]


def test_issued_certificates_name_their_issuer_by_key_identifier_alone(
    certificates: dict[str, x509.Certificate],
) -> None:
    extensions = certificates["intermediate"].extensions
    identifier = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    issuer = certificates["root"].extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert identifier.key_identifier == issuer.value.digest
    assert identifier.authority_cert_issuer is None
    assert identifier.authority_cert_serial_number is None


def test_private_keys_stay_out_of_representations(root: KeyedCertificate) -> None:
    intermediate = create_intermediate(root, NAMES)
    for holder in (root, intermediate):
        assert repr(holder.private_key)[2:40] not in repr(holder)
        assert "private_key" not in repr(holder)


def test_signing_key_must_be_an_elliptic_curve_key(ed25519_pkcs8: bytes) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    assert load_signing_key(private_der(key)).private_numbers() == key.private_numbers()
    with pytest.raises(ValueError, match="not an elliptic-curve key"):
        load_signing_key(ed25519_pkcs8)
