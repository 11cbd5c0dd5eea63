"""The chains that Marbles and clients verify, judged by OpenSSL, by TLS and by cryptography."""

from __future__ import annotations

import ipaddress
import shutil
import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import verification
from ringtaw_coordinator.manifest.model import CertificateTemplate, SecretDefinition, SecretType
from ringtaw_coordinator.pki.authority import (
    Intermediate,
    KeyedCertificate,
    create_intermediate,
)
from ringtaw_coordinator.pki.encoding import CERTIFICATE, PRIVATE_KEY, to_pem
from ringtaw_coordinator.pki.marble import MarbleIssuer
from ringtaw_coordinator.pki.secret import SecretIssuer
from ringtaw_coordinator.secrets.generate import generate
from ringtaw_coordinator.secrets.value import SecretValue

Hierarchy = tuple[KeyedCertificate, Intermediate]
UUID = "f81d4fae-7dec-41d0-a765-00a0c91e6bf6"
LOCALHOST = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


@pytest.fixture(scope="module")
def leaf(hierarchy: Hierarchy) -> SecretValue:
    return MarbleIssuer(hierarchy[1]).issue("frontend", UUID, LOCALHOST)


@pytest.fixture(scope="module")
def secret(hierarchy: Hierarchy) -> SecretValue:
    template = CertificateTemplate(key_usage=1)
    definition = SecretDefinition(
        SecretType.CERT_ECDSA,
        256,
        shared=True,
        user_defined=False,
        valid_for=0,
        certificate=template,
    )
    return generate(definition, SecretIssuer(hierarchy[1]))


def pem(*ders: bytes) -> str:
    return "".join(to_pem(CERTIFICATE, der) for der in ders)


def openssl_accepts(directory: Path, anchor: bytes, untrusted: list[bytes], end: bytes) -> bool:
    files = {"anchor": pem(anchor), "untrusted": pem(*untrusted), "end": pem(end)}
    for name, text in files.items():
        (directory / name).write_text(text)
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "anchor"]
    if untrusted:
        command += ["-untrusted", "untrusted"]
    run = subprocess.run([*command, "end"], cwd=directory, capture_output=True, check=False)
    return run.returncode == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_both_chains(
    hierarchy: Hierarchy, leaf: SecretValue, secret: SecretValue, tmp_path: Path
) -> None:
    root, intermediate = hierarchy
    for end in (leaf.certificate, secret.certificate):
        assert openssl_accepts(tmp_path, intermediate.marble_root, [], end)
        assert openssl_accepts(tmp_path, root.certificate, [intermediate.certificate], end)
        assert not openssl_accepts(tmp_path, root.certificate, [], end)
    assert openssl_accepts(tmp_path, root.certificate, [], intermediate.certificate)
    rotated = create_intermediate(root, ["localhost"])
    assert not openssl_accepts(tmp_path, rotated.marble_root, [], leaf.certificate)


def verifier_accepts(anchor: bytes, untrusted: list[bytes], end: bytes) -> bool:
    store = verification.Store([x509.load_der_x509_certificate(anchor)])
    server = verification.PolicyBuilder().store(store).time(datetime.now(UTC))
    others = [x509.load_der_x509_certificate(der) for der in untrusted]
    try:
        server.build_server_verifier(x509.DNSName("localhost")).verify(
            x509.load_der_x509_certificate(end), others
        )
    except verification.VerificationError:
        return False
    return True


def test_cryptography_verifies_both_chains(
    hierarchy: Hierarchy, leaf: SecretValue, secret: SecretValue
) -> None:
    root, intermediate = hierarchy
    for end in (leaf.certificate, secret.certificate):
        assert verifier_accepts(intermediate.marble_root, [], end)
        assert verifier_accepts(root.certificate, [intermediate.certificate], end)
        assert not verifier_accepts(root.certificate, [], end)


def context(role: ssl.Purpose, anchors: str, chain: str, key: bytes, file: Path) -> ssl.SSLContext:
    result = ssl.create_default_context(role, cadata=anchors)
    result.verify_mode = ssl.CERT_REQUIRED
    result.verify_flags |= ssl.VERIFY_X509_STRICT
    file.write_text(chain + to_pem(PRIVATE_KEY, key))
    result.load_cert_chain(file)
    return result


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """Run both ends of a connection over memory until both are content."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in list(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            ends.remove(end)
    assert not ends


def test_marbles_with_one_marble_root_trust_each_other(
    hierarchy: Hierarchy, leaf: SecretValue, tmp_path: Path
) -> None:
    marble_root = pem(hierarchy[1].marble_root)
    other = MarbleIssuer(hierarchy[1]).issue("backend", UUID, LOCALHOST)
    server = context(
        ssl.Purpose.CLIENT_AUTH, marble_root, pem(leaf.certificate), leaf.private, tmp_path / "s"
    )
    client = context(
        ssl.Purpose.SERVER_AUTH, marble_root, pem(other.certificate), other.private, tmp_path / "c"
    )
    handshake(client, server, "localhost")


def test_clients_that_trust_the_root_accept_a_marble(
    hierarchy: Hierarchy, leaf: SecretValue, tmp_path: Path
) -> None:
    root, intermediate = hierarchy
    chain = pem(leaf.certificate, intermediate.certificate)
    server = context(
        ssl.Purpose.CLIENT_AUTH, pem(root.certificate), chain, leaf.private, tmp_path / "s"
    )
    server.verify_mode = ssl.CERT_NONE
    for flags in (0, ssl.VERIFY_X509_STRICT):
        client = ssl.create_default_context(cadata=pem(root.certificate))
        client.verify_flags |= flags
        handshake(client, server, "127.0.0.1")


def test_marbles_of_different_intermediates_do_not_trust_each_other(
    hierarchy: Hierarchy, leaf: SecretValue, tmp_path: Path
) -> None:
    rotated = create_intermediate(hierarchy[0], ["localhost"])
    server = context(
        ssl.Purpose.CLIENT_AUTH,
        pem(hierarchy[1].marble_root),
        pem(leaf.certificate),
        leaf.private,
        tmp_path / "s",
    )
    server.verify_mode = ssl.CERT_NONE
    client = ssl.create_default_context(cadata=pem(rotated.marble_root))
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(client, server, "localhost")


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_root_serves_the_client_api_by_its_names(
    name: str, hierarchy: Hierarchy, tmp_path: Path
) -> None:
    root = hierarchy[0]
    anchor = pem(root.certificate)
    server = context(ssl.Purpose.CLIENT_AUTH, anchor, anchor, root.private_key, tmp_path / "s")
    server.verify_mode = ssl.CERT_NONE
    client = ssl.create_default_context(cadata=anchor)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    handshake(client, server, name)
