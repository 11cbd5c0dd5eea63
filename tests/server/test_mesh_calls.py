"""Calls of real gRPC clients to the real mesh server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_schemas.mesh import marble_pb2
from ringtaw_schemas.mesh.marble_pb2_grpc import MarbleStub

from tests.support.coordinator_simulator import CoordinatorSimulator
from tests.support.identities import Certified, self_signed

UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


@pytest.fixture
def coordinator() -> Iterator[CoordinatorSimulator]:
    with CoordinatorSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def marble() -> Certified:
    return self_signed()


@contextmanager
def channel_to(
    coordinator: CoordinatorSimulator, marble: Certified, max_message: int = 4 << 20
) -> Iterator[grpc.Channel]:
    """Open a channel as grpcio can: with the server's certificate, known beforehand, as root."""
    credentials = grpc.ssl_channel_credentials(coordinator.root.pem, marble.key_pem, marble.pem)
    options = [
        ("grpc.ssl_target_name_override", "localhost"),
        ("grpc.max_receive_message_length", max_message),
        ("grpc.max_send_message_length", -1),
    ]
    with grpc.secure_channel(coordinator.address, credentials, options) as channel:
        yield channel


def activate(channel: grpc.Channel, **fields: Any) -> marble_pb2.Parameters:
    request = marble_pb2.ActivationReq(**fields)
    answer: marble_pb2.ActivationResp = MarbleStub(channel).Activate(request, timeout=10)
    return answer.Parameters


def test_request_and_answer_arrive_whole(
    coordinator: CoordinatorSimulator, marble: Certified
) -> None:
    files = {"/etc/key": b"\x00\xff" * 500, "naïve/ü": b""}
    coordinator.admit(MarbleParameters(files, {"NAME": b"value"}, ("./app", "--flag", "")))
    with channel_to(coordinator, marble) as channel:
        answer = activate(channel, Quote=b"q" * 5000, CSR=b"c", MarbleType="frontend", UUID=UUID)
    assert dict(answer.Files) == files
    assert dict(answer.Env) == {"NAME": b"value"}
    assert list(answer.Argv) == ["./app", "--flag", ""]
    (request,) = coordinator.requests
    assert (request.quote, request.csr) == (b"q" * 5000, b"c")
    assert (request.marble_type, request.uuid) == ("frontend", UUID)
    assert request.peer_certificate == marble.der
