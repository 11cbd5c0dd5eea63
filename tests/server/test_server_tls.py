"""TLS of both servers: what they present, what they demand, whom they let in."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from OpenSSL import SSL
from ringtaw_coordinator.core.api import TLSIdentity
from ringtaw_coordinator.server.tls import ServerTLS, TLSClosedError, TLSError, TLSSession
from ringtaw_testkit.identities import Certified, anonymous_context, marble_root, self_signed
from ringtaw_testkit.simulator import CoordinatorSimulator

ODD = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.9903.99"), b"whatever")


@pytest.fixture(scope="module")
def root() -> Certified:
    return marble_root()


class Client:
    """The client's end of a handshake in memory."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)

    def shake_hands(self, session: TLSSession) -> None:
        done = False
        while not done:
            try:
                self.tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            self.exchange(session)

    def exchange(self, session: TLSSession, *, handshake: bool = True) -> None:
        if not (ciphertext := self.outgoing.read()):
            return
        session.receive(ciphertext)
        try:
            if handshake:
                session.handshake()
        finally:
            self.incoming.write(session.outgoing())


def mesh_tls(root: Certified) -> ServerTLS:
    return ServerTLS(root.identity, alpn=[b"h2"], require_client_certificate=True)


def client_tls(root: Certified) -> ServerTLS:
    return ServerTLS(root.identity, alpn=[b"http/1.1"], require_client_certificate=False)


@pytest.mark.parametrize(
    "certified",
    [
        pytest.param(lambda: self_signed(), id="P-384"),
        pytest.param(lambda: self_signed(key=ec.generate_private_key(ec.SECP256R1())), id="P-256"),
        pytest.param(lambda: self_signed(key=ec.generate_private_key(ec.SECP521R1())), id="P-521"),
        pytest.param(lambda: self_signed(key=rsa.generate_private_key(65537, 2048)), id="RSA"),
        pytest.param(lambda: self_signed(key=ed25519.Ed25519PrivateKey.generate()), id="Ed25519"),
        pytest.param(lambda: self_signed(not_after=timedelta(seconds=-1)), id="expired"),
        pytest.param(lambda: self_signed(not_before=timedelta(hours=1)), id="not-yet-valid"),
        pytest.param(lambda: self_signed(key=rsa.generate_private_key(65537, 1024)), id="weak"),  # noqa: S505
        pytest.param(lambda: self_signed(extension=ODD), id="odd"),
    ],
)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_any_client_certificate_passes_and_is_seen_byte_for_byte(
    root: Certified, tmp_path: Path, certified: object, version: ssl.TLSVersion
) -> None:
    assert callable(certified)
    marble: Certified = certified()
    context = marble.client_context(tmp_path)
    context.minimum_version = context.maximum_version = version
    session = mesh_tls(root).session()
    client = Client(context)
    client.shake_hands(session)
    assert session.peer_certificate == marble.der
    assert client.tls.getpeercert(binary_form=True) == root.der
    assert client.tls.selected_alpn_protocol() == "h2"


def test_the_mesh_api_needs_a_client_certificate(root: Certified) -> None:
    with pytest.raises(TLSError, match="certificate"):
        Client(anonymous_context()).shake_hands(mesh_tls(root).session())


def test_the_client_api_does_not_need_one(root: Certified) -> None:
    session = client_tls(root).session()
    Client(anonymous_context("http/1.1")).shake_hands(session)
    assert session.peer_certificate == b""


def test_a_client_that_names_no_protocol_is_served(root: Certified) -> None:
    session = client_tls(root).session()
    Client(anonymous_context(alpn=None)).shake_hands(session)


def test_the_certificate_request_names_no_authority(root: Certified) -> None:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    connection = SSL.Connection(context)
    connection.set_connect_state()
    session = client_tls(root).session()
    done = False
    while not done:
        try:
            connection.do_handshake()
            done = True
        except SSL.WantReadError:
            pass
        with suppress(SSL.WantReadError):
            session.receive(connection.bio_read(65536))
            session.handshake()
            connection.bio_write(session.outgoing())
    assert connection.get_client_ca_list() == []
    assert session.peer_certificate == b""


def test_versions_before_1_2_are_refused(root: Certified) -> None:
    context = anonymous_context()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((TLSError, ssl.SSLError)):
        Client(context).shake_hands(client_tls(root).session())


# Go in FIPS mode offers P-256, P-384 and AES-GCM alone.
@pytest.mark.parametrize("group", ["prime256v1", "secp384r1"])
def test_either_nist_group_is_enough(root: Certified, group: str) -> None:
    context = anonymous_context()
    context.set_ecdh_curve(group)
    Client(context).shake_hands(client_tls(root).session())


@pytest.mark.parametrize("suite", ["AES128-GCM-SHA256", "AES256-GCM-SHA384"])
def test_either_aes_gcm_is_enough(root: Certified, suite: str) -> None:
    context = anonymous_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"ECDHE-ECDSA-{suite}")
    Client(context).shake_hands(client_tls(root).session())


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_other_ciphers_are_refused(root: Certified, suite: str) -> None:
    context = anonymous_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(suite)
    with pytest.raises(TLSError, match="no shared cipher"):
        Client(context).shake_hands(client_tls(root).session())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_never_resumed(root: Certified, version: ssl.TLSVersion) -> None:
    tls = client_tls(root)
    context = anonymous_context()
    context.minimum_version = context.maximum_version = version
    first, session = Client(context), tls.session()
    first.shake_hands(session)
    with pytest.raises(ssl.SSLWantReadError):
        first.tls.read()  # takes in tickets, if any came
    again = ssl.MemoryBIO(), ssl.MemoryBIO()
    second = Client(context)
    second.tls = context.wrap_bio(*again, session=first.tls.session)
    second.incoming, second.outgoing = again
    second.shake_hands(tls.session())
    assert not second.tls.session_reused


def test_data_passes_both_ways_and_ends_in_order(root: Certified) -> None:
    session = client_tls(root).session()
    client = Client(anonymous_context())
    client.shake_hands(session)
    session.write(bytes(200_000))
    client.incoming.write(session.outgoing())
    assert sum(len(client.tls.read(65536)) for _ in range(13)) == 200_000
    client.tls.write(b"hello")
    client.exchange(session, handshake=False)
    assert session.read() == b"hello"
    assert session.read() == b""
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    client.exchange(session, handshake=False)
    with pytest.raises(TLSClosedError):
        session.read()


def test_a_changed_record_is_noticed(root: Certified) -> None:
    session = client_tls(root).session()
    client = Client(anonymous_context())
    client.shake_hands(session)
    client.tls.write(b"hello")
    record = bytearray(client.outgoing.read())
    record[-1] ^= 1
    session.receive(bytes(record))
    with pytest.raises(TLSError, match="record"):
        session.read()


def test_garbage_is_no_handshake(root: Certified) -> None:
    session = client_tls(root).session()
    session.receive(os.urandom(1) + b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(TLSError):
        session.handshake()


def test_an_identity_whose_parts_do_not_belong_together_is_refused(root: Certified) -> None:
    wrong = TLSIdentity((root.der,), marble_root().identity.private_key)
    tls = mesh_tls(root)
    with pytest.raises(ValueError, match="belongs to"):
        tls.set_identity(wrong)
    tls.session()  # still serves the old one


def test_the_whole_chain_is_presented() -> None:
    root, other = marble_root(), marble_root()
    with CoordinatorSimulator(root, chain=(other.der,)) as coordinator:
        if (openssl := shutil.which("openssl")) is None:
            pytest.skip("needs the openssl command")
        command = [openssl, "s_client", "-connect", coordinator.address, "-showcerts"]
        shown = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert root.pem.strip() in shown.stdout
    assert other.pem.strip() in shown.stdout
