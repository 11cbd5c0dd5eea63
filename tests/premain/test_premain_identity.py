from __future__ import annotations

import ipaddress
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_premain import _der
from ringtaw_premain._parse import alternative_names
from ringtaw_premain.identity import Identity, create_identity

from tests.premain.properties import checked

NAMES = alternative_names("backend.example,*.example.org,192.0.2.7,2001:db8::1")
EXPECTED_NAMES = x509.SubjectAlternativeName(
    [
        x509.DNSName("backend.example"),
        x509.DNSName("*.example.org"),
        *(
            x509.IPAddress(ipaddress.ip_address(text))
            for text in ("192.0.2.7", "2001:db8::1", "127.0.0.1", "::1")
        ),
    ]
)


@pytest.fixture(scope="module")
def identity() -> Identity:
    return create_identity(NAMES)


def test_the_certificate_is_what_the_mesh_api_expects(identity: Identity) -> None:
    certificate = x509.load_der_x509_certificate(identity.certificate)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "MarbleRun Marble")])
    assert certificate.version is x509.Version.v3
    assert certificate.subject == certificate.issuer == name
    assert 2**96 < certificate.serial_number < 2**128
    assert isinstance(certificate.signature_hash_algorithm, hashes.SHA384)
    assert certificate.not_valid_after_utc.year == 9999
    age = datetime.now(UTC) - certificate.not_valid_before_utc
    assert timedelta() <= age < timedelta(minutes=1)
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP384R1)
    assert key == identity.private_key.public_key()
    certificate.verify_directly_issued_by(certificate)


def test_the_extensions_of_the_certificate(identity: Identity) -> None:
    extensions = x509.load_der_x509_certificate(identity.certificate).extensions
    usage = x509.KeyUsage(
        digital_signature=True,
        key_agreement=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    assert {extension.oid: (extension.critical, extension.value) for extension in extensions} == {
        ExtensionOID.KEY_USAGE: (True, usage),
        ExtensionOID.EXTENDED_KEY_USAGE: (False, x509.ExtendedKeyUsage(purposes)),
        ExtensionOID.BASIC_CONSTRAINTS: (True, x509.BasicConstraints(ca=False, path_length=None)),
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME: (False, EXPECTED_NAMES),
    }


def test_the_request_has_the_same_key_and_names(identity: Identity) -> None:
    request = x509.load_der_x509_csr(identity.request)
    assert request.is_signature_valid
    assert request.subject == x509.Name([])
    assert request.public_key() == identity.private_key.public_key()
    assert [extension.value for extension in request.extensions] == [EXPECTED_NAMES]


def test_openssl_takes_both(identity: Identity, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    certificate, request = tmp_path / "certificate.pem", tmp_path / "request.pem"
    certificate.write_bytes(
        x509.load_der_x509_certificate(identity.certificate).public_bytes(Encoding.PEM)
    )
    request.write_bytes(x509.load_der_x509_csr(identity.request).public_bytes(Encoding.PEM))
    subprocess.run(
        [
            "openssl",
            "verify",
            "-x509_strict",
            "-partial_chain",
            "-trusted",
            certificate,
            certificate,
        ],
        check=True,
        capture_output=True,
    )
    subprocess.run(
        ["openssl", "req", "-verify", "-noout", "-in", request], check=True, capture_output=True
    )


def test_the_private_key_leaves_only_encrypted(identity: Identity) -> None:
    pem = identity.encrypted_private_key(b"passphrase")
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    key = load_pem_private_key(pem, b"passphrase")
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.private_numbers() == identity.private_key.private_numbers()


def test_every_identity_is_new() -> None:
    first, second = create_identity(NAMES), create_identity(NAMES)
    assert first.private_key != second.private_key
    assert first.certificate != second.certificate


@checked(50)
@given(st.integers(0, 2**160), st.binary(max_size=300))
def test_der_values_are_in_their_shortest_form(number: int, content: bytes) -> None:
    encoded = _der.sequence(_der.integer(number), _der.octet_string(content))
    body, rest = der_value(encoded, 0x30)
    found, rest_of_body = der_value(body, 0x02)
    octets, rest_of_body = der_value(rest_of_body, 0x04)
    assert (int.from_bytes(found, signed=True), octets) == (number, content)
    assert rest == rest_of_body == b""


def der_value(encoded: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the content of the first value, which must be in its shortest form, and the rest."""
    assert encoded[0] == tag
    size, start = encoded[1], 2
    if size >= 0x80:
        start += size & 0x7F
        size = int.from_bytes(encoded[2:start])
        assert size >= 0x80
        assert encoded[2]
    return encoded[start : start + size], encoded[start + size :]


@pytest.mark.parametrize(
    ("timestamp", "encoded"),
    [(0, b"\x17\x0d700101000000Z"), (2524608000, b"\x18\x0f20500101000000Z")],
)
def test_times_change_their_form_in_2050(timestamp: int, encoded: bytes) -> None:
    assert _der.point_in_time(timestamp) == encoded
