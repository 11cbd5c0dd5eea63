"""The activation against a mesh API served by grpcio, with what really goes over the wire."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from ringtaw_premain import activation
from ringtaw_premain._protobuf import ActivationRequest, Parameters
from ringtaw_premain.activation import activate
from ringtaw_premain.errors import RefusedError, TransportError, UnreachableError
from ringtaw_premain.identity import Identity, create_identity
from ringtaw_premain.log import Log
from ringtaw_premain.settings import Settings, read_settings
from ringtaw_schemas.mesh import marble_pb2

from tests.premain.conftest import StartPeer, StartScript
from tests.premain.http2_conversation import OK_HEADERS, SETTINGS, headers, trailers
from tests.premain.mesh_certificates import Deployment
from tests.premain.mesh_peer import CallRefusedError, mesh_peer
from tests.support.ports import reserved_port

UUID = "2a3ad2b1-7d31-4e1c-a2f7-8f1c5e0a7b6c"


def settings_for(address: str, timeout: float = 20) -> Settings:
    return read_settings(
        {
            "EDG_MARBLE_TYPE": "héllo",
            "EDG_MARBLE_COORDINATOR_ADDR": address,
            "RINGTAW_ACTIVATION_TIMEOUT": str(timeout),
        }
    )


@pytest.fixture(scope="module")
def identity() -> Identity:
    return create_identity(settings_for("localhost:1").names)


def run(identity: Identity, settings: Settings, quote: bytes = b"quote") -> Parameters:
    request = ActivationRequest(quote, identity.request, settings.marble_type, UUID)
    return activate(settings, identity, request, Log(json=False))


def response(
    files: dict[str, bytes] | None = None, argv: tuple[str, ...] = ()
) -> marble_pb2.ActivationResp:
    message = marble_pb2.ActivationResp()
    message.Parameters.Files.update(files or {})
    message.Parameters.Argv.extend(argv)
    return message


def test_what_is_sent_and_what_is_given(start_peer: StartPeer, identity: Identity) -> None:
    given = response({"/etc/key": b"\0\xff", "größe": b""}, ("program", "--flag", ""))
    given.Parameters.Env["NAME"] = b"value"
    peer = start_peer(lambda _: given)
    quote = bytes(range(256)) * 40
    found = run(identity, settings_for(peer.address), quote)
    assert found.files == {"/etc/key": b"\0\xff", "größe": b""}
    assert found.environment == {"NAME": b"value"}
    assert found.argv == ["program", "--flag", ""]
    [sent] = peer.requests
    assert (sent.Quote, sent.MarbleType, sent.UUID) == (quote, "héllo", UUID)
    assert identity.request == sent.CSR
    assert peer.front.client_certificates == [identity.certificate]
    names = peer.last_client_certificate().extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == ["localhost"]
    assert 15 < peer.remaining_times[0] <= 20


@pytest.mark.parametrize("size", [0, 65535, 1 << 20, (4 << 20) - 100])
def test_answers_up_to_the_limit(start_peer: StartPeer, identity: Identity, size: int) -> None:
    content = bytes(range(251)) * (size // 251 + 1)
    peer = start_peer(lambda _: response({"large": content[:size]}))
    assert run(identity, settings_for(peer.address)).files["large"] == content[:size]


def test_a_larger_answer_is_one_error(start_peer: StartPeer, identity: Identity) -> None:
    peer = start_peer(lambda _: response({"large": bytes(5 << 20)}))
    with pytest.raises(TransportError, match="larger than") as caught:
        run(identity, settings_for(peer.address))
    assert not isinstance(caught.value, UnreachableError)


def test_a_large_request_gets_through(start_peer: StartPeer, identity: Identity) -> None:
    peer = start_peer(lambda request: response({"size": str(len(request.Quote)).encode()}))
    found = run(identity, settings_for(peer.address), bytes(3 << 20))
    assert found.files == {"size": str(3 << 20).encode()}


REFUSALS = [
    code
    for code in grpc.StatusCode
    if code not in (grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE)
]


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_told_and_never_tried_again(
    start_peer: StartPeer, identity: Identity, code: grpc.StatusCode
) -> None:
    def refuse(_: marble_pb2.ActivationReq) -> marble_pb2.ActivationResp:
        raise CallRefusedError(code, "marble verification failed: ü % \n\x01")

    peer = start_peer(refuse)
    with pytest.raises(RefusedError) as caught:
        run(identity, settings_for(peer.address))
    assert caught.value.status == code.name
    assert caught.value.details == "marble verification failed: ü % \n\x01"
    assert len(peer.requests) == 1


def test_the_details_of_a_refusal_may_be_long(start_peer: StartPeer, identity: Identity) -> None:
    details = "x" * 7000

    def refuse(_: marble_pb2.ActivationReq) -> marble_pb2.ActivationResp:
        raise CallRefusedError(grpc.StatusCode.PERMISSION_DENIED, details)

    with pytest.raises(RefusedError) as caught:
        run(identity, settings_for(start_peer(refuse).address))
    assert caught.value.details == details


def test_unavailable_is_tried_again(
    start_peer: StartPeer, identity: Identity, capfd: pytest.CaptureFixture[str]
) -> None:
    def unavailable_twice(_: marble_pb2.ActivationReq) -> marble_pb2.ActivationResp:
        if len(peer.requests) < 3:
            raise CallRefusedError(grpc.StatusCode.UNAVAILABLE, "still starting")
        return response(argv=("done",))

    peer = start_peer(unavailable_twice)
    assert run(identity, settings_for(peer.address)).argv == ["done"]
    assert len(peer.requests) == 3
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all("unavailable: still starting; trying again in" in line for line in lines)


def test_a_coordinator_that_starts_later_is_waited_for(
    coordinator: Deployment, identity: Identity, tmp_path: Path
) -> None:
    results: list[Parameters] = []
    with reserved_port() as port:
        marble = threading.Thread(
            target=lambda: results.append(run(identity, settings_for(f"127.0.0.1:{port}")))
        )
        marble.start()
        time.sleep(0.4)
        with mesh_peer(coordinator.presented(), lambda _: response(), tmp_path, port) as peer:
            marble.join(15)
            assert len(results) == len(peer.requests) == 1


def test_nobody_answers_until_the_deadline(
    identity: Identity, capfd: pytest.CaptureFixture[str]
) -> None:
    refused = pytest.raises(UnreachableError, match=r"within 1 s: .*refused.*EDG_MARBLE_COORD")
    with reserved_port() as port, refused:
        started = time.monotonic()
        run(identity, settings_for(f"127.0.0.1:{port}", timeout=1))
    assert time.monotonic() - started <= 1
    assert 1 <= len(capfd.readouterr().err.splitlines()) <= 5


def test_a_coordinator_that_never_answers(start_peer: StartPeer, identity: Identity) -> None:
    released = threading.Event()

    def wait(_: marble_pb2.ActivationReq) -> marble_pb2.ActivationResp:
        released.wait(30)
        return response()

    peer = start_peer(wait)
    started = time.monotonic()
    try:
        with pytest.raises((UnreachableError, RefusedError)):
            run(identity, settings_for(peer.address, timeout=0.5))
    finally:
        released.set()
    assert time.monotonic() - started < 3


def test_an_attempt_that_was_cut_off_does_not_hide_what_the_one_before_was_told(
    start_script: StartScript, identity: Identity
) -> None:
    attempts = 0

    def answer_the_first(plain: socket.socket) -> None:
        nonlocal attempts
        attempts += 1
        plain.recv(65536)
        if attempts == 1:
            unavailable = [(b"grpc-status", b"14"), (b"grpc-message", b"no collateral")]
            plain.sendall(SETTINGS + headers(OK_HEADERS) + trailers(unavailable))
        while plain.recv(65536):
            pass

    front = start_script(answer_the_first)
    with pytest.raises(UnreachableError, match=r"no activation within 2 s: .*no collateral"):
        run(identity, settings_for(front.address, timeout=2))
    assert attempts == 2


def test_a_connection_lost_in_the_middle_is_tried_again(
    start_script: StartScript, identity: Identity
) -> None:
    attempts = 0

    def lose_the_first(plain: socket.socket) -> None:
        nonlocal attempts
        attempts += 1
        plain.recv(65536)
        plain.sendall(SETTINGS + headers(OK_HEADERS))
        if attempts > 1:
            plain.sendall(trailers([(b"grpc-status", b"9"), (b"grpc-message", b"second")]))
            plain.recv(65536)

    front = start_script(lose_the_first)
    with pytest.raises(RefusedError, match="FAILED_PRECONDITION: second"):
        run(identity, settings_for(front.address))
    assert attempts == 2


def test_a_wrong_pin_is_not_tried_again(start_peer: StartPeer, identity: Identity) -> None:
    peer = start_peer(lambda _: response())
    pinned = read_settings(
        {"EDG_MARBLE_TYPE": "x", "RINGTAW_COORDINATOR_PIN": f"sha256:{'0' * 64}"}
    ).coordinator_pin
    with pytest.raises(TransportError, match="not the pinned one"):
        run(identity, settings_for(peer.address)._replace(coordinator_pin=pinned))
    assert peer.front.connections == 1
    assert peer.requests == []


def test_delays_are_spread() -> None:
    delays = {activation._jitter() for _ in range(200)}
    assert len(delays) > 50
    assert 0.5 <= min(delays) < max(delays) <= 1
