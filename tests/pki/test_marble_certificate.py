"""The certificate of a Marble, and the request it is made for."""

from __future__ import annotations

import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from ringtaw_coordinator.errors import ActivationError
from ringtaw_coordinator.pki.authority import Intermediate, KeyedCertificate
from ringtaw_coordinator.pki.encoding import public_der
from ringtaw_coordinator.pki.fields import NO_EXPIRATION
from ringtaw_coordinator.pki.marble import MARBLE_TYPE, MarbleIssuer
from ringtaw_coordinator.pki.request import MAX_NAMES, MAX_REQUEST_BYTES, requested_names

Hierarchy = tuple[KeyedCertificate, Intermediate]
UUID = "f81d4fae-7dec-41d0-a765-00a0c91e6bf6"
KEY = ec.generate_private_key(ec.SECP256R1())


def request(*names: x509.GeneralName) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "attacker.example")])
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def test_certificate_has_the_promised_fields(hierarchy: Hierarchy) -> None:
    _, intermediate = hierarchy
    names = (x509.DNSName("frontend"), x509.IPAddress(ipaddress.ip_address("192.0.2.1")))
    leaf = MarbleIssuer(intermediate).issue("größe", UUID, names)
    certificate = x509.load_der_x509_certificate(leaf.certificate)
    marble_root = x509.load_der_x509_certificate(intermediate.marble_root)
    assert certificate.subject.rfc4514_string() == f"CN={UUID}"
    assert certificate.issuer == marble_root.subject
    assert certificate.not_valid_after_utc == NO_EXPIRATION
    assert 0 < certificate.serial_number < 1 << 128
    extensions = certificate.extensions
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.key_agreement
    assert not usage.key_cert_sign
    assert set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
    }
    found = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert tuple(found) == names


def test_marble_type_is_bare_text_in_a_non_critical_extension(hierarchy: Hierarchy) -> None:
    leaf = MarbleIssuer(hierarchy[1]).issue("größe", UUID, ())
    extensions = x509.load_der_x509_certificate(leaf.certificate).extensions
    extension = extensions.get_extension_for_oid(MARBLE_TYPE)
    assert not extension.critical
    assert isinstance(extension.value, x509.UnrecognizedExtension)
    assert extension.value.value == "größe".encode()
    assert MARBLE_TYPE.dotted_string == "1.3.9903.2.1"


def test_every_certificate_has_a_new_key_on_p384(hierarchy: Hierarchy) -> None:
    issuer = MarbleIssuer(hierarchy[1])
    leaves = [issuer.issue("frontend", UUID, ()) for _ in range(2)]
    assert leaves[0].private != leaves[1].private
    for leaf in leaves:
        key = load_der_private_key(leaf.private, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert key.curve.name == "secp384r1"
        assert public_der(key.public_key()) == leaf.public
        certificate = x509.load_der_x509_certificate(leaf.certificate)
        assert public_der(certificate.public_key()) == leaf.public


def test_only_dns_names_and_ip_addresses_are_taken_from_the_request() -> None:
    dns, address = x509.DNSName("frontend"), x509.IPAddress(ipaddress.ip_address("::2"))
    others = (
        x509.RFC822Name("root@example.com"),
        x509.UniformResourceIdentifier("spiffe://example/admin"),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])),
    )
    assert requested_names(request(dns, *others, address, dns)) == (dns, address)


def test_request_without_names_is_fine(hierarchy: Hierarchy) -> None:
    assert requested_names(request()) == ()


def test_request_whose_signature_does_not_verify_is_refused() -> None:
    forged = bytearray(request(x509.DNSName("frontend")))
    forged[forged.index(b"frontend")] ^= 1
    with pytest.raises(ActivationError, match="signature"):
        requested_names(bytes(forged))


@pytest.mark.parametrize("rubbish", [b"", b"\x30", b"\x30\x80\x00\x00", b"-----BEGIN", bytes(999)])
def test_rubbish_is_refused(rubbish: bytes) -> None:
    with pytest.raises(ActivationError, match="CSR"):
        requested_names(rubbish)


def test_every_truncation_is_refused() -> None:
    whole = request(x509.DNSName("frontend"))
    for length in range(len(whole)):
        with pytest.raises(ActivationError, match="CSR"):
            requested_names(whole[:length])


def test_every_changed_byte_is_refused() -> None:
    whole = request(x509.DNSName("frontend"))
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 0x5A
        with pytest.raises(ActivationError, match="CSR"):
            requested_names(bytes(changed))


def test_large_request_is_refused_unread() -> None:
    with pytest.raises(ActivationError, match=f"at most {MAX_REQUEST_BYTES}"):
        requested_names(bytes(MAX_REQUEST_BYTES + 1))


def test_too_many_names_are_refused() -> None:
    names = [x509.DNSName(f"n{number}") for number in range(MAX_NAMES + 1)]
    assert len(requested_names(request(*names[:-1]))) == MAX_NAMES
    with pytest.raises(ActivationError, match=f"at most {MAX_NAMES}"):
        requested_names(request(*names))
