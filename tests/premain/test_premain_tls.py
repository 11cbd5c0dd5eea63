"""The TLS connection against real peers: who is reached, who is trusted, what is left behind."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from cryptography import x509
from ringtaw_premain import _private_file, _tls
from ringtaw_premain._parse import Address, Pin, alternative_names
from ringtaw_premain.errors import PeerError, PlatformError, TransportError, UnreachableError
from ringtaw_premain.identity import Identity, create_identity, sha256

from tests.premain.conftest import StartScript
from tests.premain.mesh_certificates import (
    INTERMEDIATE_NAME,
    ROOT_NAME,
    Deployment,
    certificate,
    der,
    new_key,
)
from tests.premain.mesh_peer import scripted_peer


@pytest.fixture(scope="module")
def identity() -> Identity:
    return create_identity(alternative_names("localhost"))


@pytest.fixture(scope="module")
def context(identity: Identity) -> ssl.SSLContext:
    return _tls.client_context(identity)


def soon(seconds: float = 5) -> float:
    return time.monotonic() + seconds


def say_hello(plain: socket.socket) -> None:
    plain.sendall(b"hello")
    plain.recv(1)


def connect(
    port: int, context: ssl.SSLContext, pin: Pin | None = None, deadline: float = 0
) -> _tls.Connection:
    return _tls.Connection.open(Address("127.0.0.1", port), context, pin, deadline or soon())


def test_the_peer_sees_our_certificate(
    start_script: StartScript, context: ssl.SSLContext, identity: Identity
) -> None:
    front = start_script(say_hello)
    with connect(front.port, context) as connection:
        assert connection.receive(100) == b"hello"
        connection.send(b"x")
        with pytest.raises(UnreachableError, match="closed the connection"):
            connection.receive(100)
    assert front.client_certificates == [identity.certificate]


def test_the_host_may_be_a_name(start_script: StartScript, context: ssl.SSLContext) -> None:
    front = start_script(say_hello)
    address = Address("localhost", front.port)
    with _tls.Connection.open(address, context, None, soon()) as connection:
        assert connection.receive(100) == b"hello"


def key_files() -> set[str]:
    directories = (*_private_file.DIRECTORIES,)
    return {
        os.path.join(directory, name)
        for directory in directories
        for name in os.listdir(directory)
        if name.startswith(".ringtaw-")
    }


def test_the_key_is_written_encrypted_and_removed(
    identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = key_files()
    seen: list[tuple[bytes, int]] = []
    load = ssl.SSLContext.load_cert_chain

    def observed(context: ssl.SSLContext, path: str, password: bytes) -> None:
        seen.append((Path(path).read_bytes(), os.stat(path).st_mode))
        load(context, path, password=password)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", observed)
    _tls.client_context(identity)
    [(content, mode)] = seen
    assert b"ENCRYPTED PRIVATE KEY" in content
    assert b"BEGIN PRIVATE KEY" not in content
    assert mode & 0o777 == 0o600
    assert key_files() == before


def test_the_next_directory_is_tried_and_none_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_private_file, "DIRECTORIES", ("/does/not/exist", str(tmp_path)))
    with _private_file.written(b"content") as path:
        assert Path(path).parent == tmp_path
        assert Path(path).read_bytes() == b"content"
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(_private_file, "DIRECTORIES", ("/does/not/exist", "/proc"))
    nowhere = pytest.raises(PlatformError, match=r"/does/not/exist, /proc.*tmpfs")
    with nowhere, _private_file.written(b"content"):
        pass


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="No space left"):
        _private_file._fill("/dev/full", os.open("/dev/full", os.O_WRONLY), b"content")


def pin_of(pinned: x509.Certificate, by_file: bool = False) -> Pin:
    content = der(pinned)
    return Pin(sha256(content), content if by_file else None)


@pytest.mark.parametrize("by_file", [False, True])
def test_pins_that_match(coordinator: Deployment, context: ssl.SSLContext, by_file: bool) -> None:
    whole = coordinator.presented()
    without_root = coordinator.presented(coordinator.marble_root, coordinator.intermediate)
    marble_root_only = coordinator.presented(coordinator.marble_root)
    matching = [
        (whole, coordinator.root),
        (whole, coordinator.marble_root),
        (marble_root_only, coordinator.marble_root),
        *([(without_root, coordinator.root)] if by_file else []),
    ]
    for certificates, pinned in matching:
        pin = pin_of(pinned, by_file)
        peer = scripted_peer(certificates, say_hello)
        with peer as front, connect(front.port, context, pin) as connection:
            assert connection.receive(100) == b"hello"


def test_pins_that_do_not_match_and_nothing_is_sent(
    coordinator: Deployment, context: ssl.SSLContext
) -> None:
    rogue_key = new_key()
    forged_root = certificate(ROOT_NAME, rogue_key, ROOT_NAME, rogue_key)
    forged_middle = certificate(
        INTERMEDIATE_NAME, coordinator.intermediate_key, ROOT_NAME, rogue_key
    )
    other_key = certificate(INTERMEDIATE_NAME, rogue_key, ROOT_NAME, coordinator.root_key)
    not_an_authority = certificate(
        INTERMEDIATE_NAME,
        coordinator.intermediate_key,
        ROOT_NAME,
        coordinator.root_key,
        authority=False,
    )
    own, root = coordinator.marble_root, coordinator.root
    mismatches = [
        ("only the Marble root, as MarbleRun presents it", (own,), root),
        ("no intermediate certificate", (own, root), root),
        ("intermediate signed by another root", (own, forged_middle, root), root),
        ("intermediate of another key", (own, other_key, root), root),
        ("intermediate that is no authority", (own, not_an_authority, root), root),
        ("another root of the same name", (own, coordinator.intermediate, root), forged_root),
        ("pinned intermediate", (own, coordinator.intermediate, root), coordinator.intermediate),
    ]
    for what, chain, pinned in mismatches:
        for by_file in (False, True):
            with scripted_peer(coordinator.presented(*chain), say_hello) as front:
                with pytest.raises(PeerError, match="MarbleRun") as caught:
                    connect(front.port, context, pin_of(pinned, by_file))
                assert sha256(der(own)).hex() in str(caught.value), what
                assert not isinstance(caught.value, UnreachableError)
            assert front.bytes_received == 0, what


def test_a_server_without_http2_is_no_mesh_api(
    start_script: StartScript, context: ssl.SSLContext
) -> None:
    front = start_script(say_hello, b"http/1.1")
    with pytest.raises(TransportError, match=r"does not speak HTTP/2|NO_APPLICATION_PROTOCOL"):
        connect(front.port, context)


def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def test_nobody_there(context: ssl.SSLContext) -> None:
    with closing(listener()) as server:
        port = server.getsockname()[1]
    with pytest.raises(UnreachableError, match=f"127.0.0.1:{port}: Connection refused"):
        connect(port, context)


def test_a_name_that_does_not_resolve(context: ssl.SSLContext) -> None:
    with pytest.raises(UnreachableError, match=r"cannot resolve nobody\.invalid"):
        _tls.Connection.open(Address("nobody.invalid", 1), context, None, soon())


def answering_with(data: bytes | None) -> socket.socket:
    """A plain TCP server that answers whoever connects and closes, or says nothing if None."""
    server = listener()

    def serve() -> None:
        with suppress(OSError):
            accepted, _ = server.accept()
            with accepted:
                accepted.recv(1)
                if data is None:
                    server.accept()
                else:
                    accepted.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    return server


def test_a_server_without_tls_is_an_error(context: ssl.SSLContext) -> None:
    refused = pytest.raises(TransportError, match="TLS with the Coordinator failed")
    with closing(answering_with(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server, refused as caught:
        connect(server.getsockname()[1], context)
    assert not isinstance(caught.value, UnreachableError)


def test_a_connection_that_breaks_off_in_the_handshake(context: ssl.SSLContext) -> None:
    broken = pytest.raises(UnreachableError, match="the connection")
    with closing(answering_with(b"")) as server, broken:
        connect(server.getsockname()[1], context)


def test_a_silent_server_is_not_waited_for_beyond_the_deadline(context: ssl.SSLContext) -> None:
    with closing(answering_with(None)) as server:
        started = time.monotonic()
        with pytest.raises(UnreachableError, match="in time"):
            connect(server.getsockname()[1], context, deadline=soon(0.2))
    assert time.monotonic() - started < 2


def test_a_server_that_keeps_saying_what_tls_passes_over(context: ssl.SSLContext) -> None:
    hello_requests = b"\x16\x03\x03\x00\x04\x00\x00\x00\x00" * 1000  # RFC 5246, section 7.4.1.1
    with closing(listener()) as server:
        threading.Thread(target=flood, args=(server, hello_requests), daemon=True).start()
        with pytest.raises(UnreachableError, match="within the time"):
            connect(server.getsockname()[1], context, deadline=soon(0.5))


def flood(server: socket.socket, data: bytes) -> None:
    """Say the same again and again, for at most ten seconds."""
    accepted, _ = server.accept()
    end = soon(10)
    with accepted, suppress(OSError):
        while time.monotonic() < end:
            accepted.sendall(data)


def test_a_server_that_falls_silent_after_the_handshake(
    start_script: StartScript, context: ssl.SSLContext
) -> None:
    front = start_script(lambda plain: plain.recv(100) and None)
    with connect(front.port, context, deadline=soon(0.3)) as connection:
        with pytest.raises(UnreachableError, match="in time"):
            connection.receive(1)
        with pytest.raises(UnreachableError, match="within the time"):
            connection.send(b"x")


def test_the_next_address_is_tried_where_one_family_is_missing(
    start_script: StartScript, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = start_script(say_hello)
    real = socket.socket

    def without_ipv6(family: int = -1, *rest: int, **more: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return real(family, *rest, **more)

    ipv6 = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", front.port, 0, 0))
    ipv4 = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", front.port))
    unsupported = pytest.raises(UnreachableError, match="Address family not supported")
    address = Address("localhost", front.port)
    monkeypatch.setattr(socket, "socket", without_ipv6)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [ipv6, ipv4])
    with _tls.Connection.open(address, context, None, soon()) as connection:
        assert connection.receive(100) == b"hello"
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [ipv6])
    with unsupported:
        _tls.Connection.open(address, context, None, soon())
