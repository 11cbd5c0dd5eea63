"""Floods below and around HTTP: whoever keeps a client busy does so for its timeout at most."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ringtaw_client import (
    ClientError,
    CoordinatorIdentity,
    Limits,
    PinnedCoordinator,
    ProtocolError,
    Trust,
    UnreachableError,
    connect_insecurely,
    verify,
    verify_marble,
)
from ringtaw_client._deadline import Deadline

from tests.client.fake_coordinator import POLICY, FakeCoordinator, serving, success
from tests.client.test_client_hostile_answers import endless, error_of

SOON = Limits(connect_timeout=0.4, total_timeout=0.6)
HELLO_REQUESTS = b"\x16\x03\x03\x00\x04\x00\x00\x00\x00" * 4096
"""What a client of TLS passes over while it shakes hands: RFC 5246, section 7.4.1.1."""
STATUS = "/api/v2/status"


@contextlib.contextmanager
def flooding(content: bytes) -> Iterator[str]:
    """Send this over TCP for as long as somebody takes it; yields the address."""

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.settimeout(0.3)  # a client that is cut off may leave a window of zero
                with contextlib.suppress(OSError), connection:
                    while True:
                        connection.sendall(content)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def ask_marble(address: str, identity: CoordinatorIdentity, trust: Trust) -> object:
    return verify_marble(address, identity, limits=SOON)


def ask_pinned(address: str, identity: CoordinatorIdentity, trust: Trust) -> object:
    return PinnedCoordinator(address, identity, limits=SOON).status()


def ask_insecurely(address: str, identity: CoordinatorIdentity, trust: Trust) -> object:
    return connect_insecurely(address, limits=SOON)


def ask_for_proof(address: str, identity: CoordinatorIdentity, trust: Trust) -> object:
    return verify(address, POLICY, trust, limits=SOON)


@pytest.mark.parametrize("ask", [ask_marble, ask_pinned, ask_insecurely, ask_for_proof])
def test_handshake_without_end(ask: Callable[..., object], trust: Trust) -> None:
    identity = CoordinatorIdentity(FakeCoordinator().root.der)
    with flooding(HELLO_REQUESTS) as address:
        begin = time.monotonic()
        with pytest.raises(UnreachableError, match="no TLS handshake in time"):
            ask(address, identity, trust)
        assert time.monotonic() - begin < 3


def test_a_connection_is_cut_in_time_whatever_goes_on_in_it() -> None:
    ours, theirs = socket.socketpair()

    def read_to_the_end() -> None:
        assert ours.recv(1) == b""
        raise ConnectionResetError

    with ours, theirs, pytest.raises(TimeoutError), Deadline(0.1).cutting(ours):
        read_to_the_end()


def test_what_fails_before_the_end_is_no_timeout() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ConnectionResetError), Deadline(60).cutting(ours):
        raise ConnectionResetError


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 500),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1;" + b"x" * 60_000 + b"\r\n \r\n",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            b"X: y\r\n" * 5_000,
        ),
    ],
    ids=["interim answers", "extensions of chunks", "trailers"],
)
def test_more_around_an_answer_than_in_it(first: bytes, piece: bytes) -> None:
    error = error_of(endless(first, piece))
    assert isinstance(error, ProtocolError)
    assert "more around it than in it" in str(error)


Found = list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]]


def places(*ports: int) -> Callable[..., Found]:
    """Return a name service that names these ports of this machine."""
    rows: Found = [
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in ports
    ]

    def getaddrinfo(*_: Any, **__: Any) -> Found:
        return rows

    return getaddrinfo


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes no connection and refuses none: its queue is full."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_a_name_with_many_silent_addresses(
    silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = CoordinatorIdentity(FakeCoordinator().root.der)
    monkeypatch.setattr(socket, "getaddrinfo", places(*[silent_port] * 50))
    begin = time.monotonic()
    with pytest.raises(UnreachableError, match="no TCP connection in time"):
        PinnedCoordinator("many.example", identity, limits=SOON).status()
    assert time.monotonic() - begin < 3


def test_a_name_with_one_good_address(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCoordinator(answers={STATUS: success({"code": 3, "message": "here"})})
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = closed.getsockname()[1]
    with serving(fake):
        identity = CoordinatorIdentity(fake.root.der)
        monkeypatch.setattr(socket, "getaddrinfo", places(nobody, int(fake.address[10:])))
        client = PinnedCoordinator("two.example", identity, server_name="localhost")
        assert client.status().message == "here"
        monkeypatch.setattr(socket, "getaddrinfo", places(nobody, nobody))
        with pytest.raises(ClientError, match="no TCP connection: Connection refused"):
            client.status()
