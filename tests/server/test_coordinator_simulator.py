"""The tools for tests of Marbles do what they say."""

from __future__ import annotations

import contextlib
import socket
import ssl

import pytest
from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_testkit.identities import anonymous_context, marble_root
from ringtaw_testkit.peers import HOST, ScriptedServer, cut_off
from ringtaw_testkit.simulator import CoordinatorSimulator

from tests.support.raw_http2 import RawPeer, call


def test_steps_follow_each_other_and_the_last_stays(
    coordinator: CoordinatorSimulator, marble_context: ssl.SSLContext
) -> None:
    coordinator.admit(MarbleParameters({}, {"A": b"1"}, ()))
    coordinator.then_admit(MarbleParameters({}, {"A": b"2"}, ()))
    answers = []
    for _ in range(3):
        with RawPeer(coordinator.port, marble_context) as peer:
            peer.send(call())
            answers.append(peer.answer()[-1:])
    assert answers == [b"1", b"2", b"2"]


def test_it_comes_back_on_the_same_port(marble_context: ssl.SSLContext) -> None:
    with CoordinatorSimulator() as first:
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, first.port), 1)
    with (
        CoordinatorSimulator(port=first.port) as second,
        RawPeer(second.port, marble_context) as peer,
    ):
        peer.send(call())
        assert peer.answer()


def test_it_presents_another_certificate_when_told(
    coordinator: CoordinatorSimulator, marble_context: ssl.SSLContext
) -> None:
    other = marble_root()
    coordinator.present(other)
    with RawPeer(coordinator.port, marble_context) as peer:
        assert peer.socket.getpeercert(binary_form=True) == other.der


@pytest.mark.parametrize("after", [0, 1, 900])
def test_connections_are_cut_off_after_so_many_bytes(
    coordinator: CoordinatorSimulator, after: int
) -> None:
    with cut_off(coordinator.port, after) as port, contextlib.ExitStack() as stack:
        plain = stack.enter_context(socket.create_connection((HOST, port), 10))
        client = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = anonymous_context().wrap_bio(*client)
        received = 0
        while True:
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
            with contextlib.suppress(ConnectionError):
                plain.sendall(client[1].read())
            if not (data := plain.recv(100)):
                break
            received += len(data)
            client[0].write(data)
    assert received == after


@pytest.mark.parametrize("secured", [False, True])
def test_a_script_speaks_for_the_server(secured: bool) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(connection.recv(100) + b" yourself")

    with ScriptedServer(script, marble_root() if secured else None) as server:
        for _ in range(2):
            plain = socket.create_connection((HOST, server.port), 10)
            with anonymous_context().wrap_socket(plain) if secured else plain as client:
                client.sendall(b"hello")
                assert client.recv(100) == b"hello yourself"
