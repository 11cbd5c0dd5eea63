"""Calls of real gRPC clients to the real mesh server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from ringtaw_coordinator import errors
from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_coordinator.server.limits import MEBIBYTE, MeshLimits
from ringtaw_schemas.mesh import marble_pb2
from ringtaw_schemas.mesh.marble_pb2_grpc import MarbleStub
from ringtaw_testkit.identities import Certified, marble_root, self_signed
from ringtaw_testkit.simulator import CoordinatorSimulator

UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


@contextmanager
def channel_to(
    coordinator: CoordinatorSimulator, marble: Certified, *options: tuple[str, Any]
) -> Iterator[grpc.Channel]:
    """Open a channel as grpcio can: with the server's certificate, known beforehand, as root."""
    credentials = grpc.ssl_channel_credentials(coordinator.root.pem, marble.key_pem, marble.pem)
    name = ("grpc.ssl_target_name_override", "localhost")
    with grpc.secure_channel(coordinator.address, credentials, [name, *options]) as channel:
        yield channel


def activate(channel: grpc.Channel, **fields: Any) -> marble_pb2.Parameters:
    request = marble_pb2.ActivationReq(**fields)
    answer: marble_pb2.ActivationResp = MarbleStub(channel).Activate(request, timeout=20)
    return answer.Parameters


def refusal(channel: grpc.Channel, **fields: Any) -> tuple[grpc.StatusCode, str]:
    message = marble_pb2.ActivationReq(**fields).SerializeToString()
    return raw_refusal(channel, "/rpc.Marble/Activate", message)


def raw_refusal(channel: grpc.Channel, path: str, message: bytes) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        raw_method(channel, path)(message, timeout=20)
    call: Any = caught.value
    return call.code(), call.details()


def raw_method(channel: grpc.Channel, path: str) -> Any:
    return channel.unary_unary(path, bytes, bytes)


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


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (
            errors.StateError("server is not in expected state"),
            grpc.StatusCode.FAILED_PRECONDITION,
            "server is not in expected state",
        ),
        (
            errors.VerificationError("unknown type"),
            grpc.StatusCode.PERMISSION_DENIED,
            "marble verification failed: unknown type",
        ),
        (
            errors.VerificationError("marble verification failed: quote"),
            grpc.StatusCode.PERMISSION_DENIED,
            "marble verification failed: quote",
        ),
        (errors.InvalidUUIDError("x"), grpc.StatusCode.INVALID_ARGUMENT, "invalid UUID: x"),
        (errors.ActivationError("secret a"), grpc.StatusCode.INTERNAL, "secret a"),
        (errors.StoreError("disk full"), grpc.StatusCode.INTERNAL, "disk full"),
        (errors.UnavailableError("no PCCS"), grpc.StatusCode.UNAVAILABLE, "no PCCS"),
        (errors.UnauthenticatedError("who?"), grpc.StatusCode.UNAUTHENTICATED, "who?"),
        (errors.VerificationError("naïve 100 %\n☃"), grpc.StatusCode.PERMISSION_DENIED, "☃"),
    ],
)
def test_each_refusal_has_its_code_and_text(
    coordinator: CoordinatorSimulator,
    marble: Certified,
    error: errors.CoordinatorError,
    code: grpc.StatusCode,
    text: str,
) -> None:
    coordinator.refuse(error)
    with channel_to(coordinator, marble) as channel:
        answered, details = refusal(channel)
    assert answered is code
    assert details.endswith(text)


def test_an_unforeseen_failure_says_nothing_of_itself(
    coordinator: CoordinatorSimulator, marble: Certified, capfd: pytest.CaptureFixture[str]
) -> None:
    coordinator.break_down()
    with channel_to(coordinator, marble) as channel:
        code, text = refusal(channel)
    assert code is grpc.StatusCode.INTERNAL
    assert "nobody foresaw" not in text
    log = "".join(capfd.readouterr())
    assert "RuntimeError at" in log
    assert "nobody foresaw" not in log


def test_a_very_long_refusal_is_shortened(
    coordinator: CoordinatorSimulator, marble: Certified
) -> None:
    coordinator.refuse(errors.VerificationError("☃" * 20_000))
    with channel_to(coordinator, marble) as channel:
        code, text = refusal(channel)
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert text.endswith("☃...")


@pytest.mark.parametrize("size", [0, 1, 16_384, 70_000, 4 * MEBIBYTE - 100])
def test_messages_of_all_sizes_pass_both_ways(
    coordinator: CoordinatorSimulator, marble: Certified, size: int
) -> None:
    content = os.urandom(size)
    coordinator.admit(MarbleParameters({"f": content}, {}, ()))
    with channel_to(coordinator, marble, ("grpc.max_send_message_length", -1)) as channel:
        answer = activate(channel, Quote=content)
    assert answer.Files["f"] == content
    assert coordinator.requests[0].quote == content


def test_a_request_that_is_too_large_is_refused_before_it_has_come(
    coordinator: CoordinatorSimulator, marble: Certified
) -> None:
    with channel_to(coordinator, marble, ("grpc.max_send_message_length", -1)) as channel:
        code, text = refusal(channel, Quote=bytes(64 * MEBIBYTE))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than the 4194304 allowed" in text
    assert not coordinator.requests


def test_an_answer_that_is_too_large_is_refused(
    coordinator: CoordinatorSimulator, marble: Certified
) -> None:
    coordinator.admit(MarbleParameters({"f": bytes(4 * MEBIBYTE)}, {}, ()))
    with channel_to(coordinator, marble) as channel:
        code, text = refusal(channel)
    assert code is grpc.StatusCode.INTERNAL
    assert "fewer or smaller files" in text


def test_memory_for_large_requests_is_shared_and_given_back(marble: Certified) -> None:
    limits = MeshLimits(max_buffered=3 * MEBIBYTE)
    with (
        CoordinatorSimulator(limits=limits) as coordinator,
        channel_to(coordinator, marble) as channel,
    ):
        code, text = refusal(channel, Quote=bytes(3 * MEBIBYTE + 200_000))
        for _ in range(5):
            activate(channel, Quote=bytes(2 * MEBIBYTE))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "busy" in text


def test_compressed_requests_are_refused_with_a_reason(
    coordinator: CoordinatorSimulator, marble: Certified
) -> None:
    gzip = ("grpc.default_compression_algorithm", grpc.Compression.Gzip.value)
    with channel_to(coordinator, marble, gzip) as channel:
        code, text = refusal(channel, Quote=bytes(5000))
    assert code is grpc.StatusCode.UNIMPLEMENTED
    assert "compress" in text


def test_unknown_methods_are_named(coordinator: CoordinatorSimulator, marble: Certified) -> None:
    with channel_to(coordinator, marble) as channel:
        code, text = raw_refusal(channel, "/rpc.Marble/Deactivate", b"")
    assert code is grpc.StatusCode.UNIMPLEMENTED
    assert "/rpc.Marble/Deactivate" in text


def test_a_message_that_is_no_protobuf_is_refused(
    coordinator: CoordinatorSimulator, marble: Certified
) -> None:
    with channel_to(coordinator, marble) as channel:
        code, text = raw_refusal(channel, "/rpc.Marble/Activate", b"\xff\xff")
    assert code is grpc.StatusCode.INTERNAL
    assert "does not parse" in text
    assert not coordinator.requests


def test_many_marbles_at_once_each_bound_to_its_own_certificate(
    coordinator: CoordinatorSimulator,
) -> None:
    coordinator.admit(MarbleParameters({"f": bytes(100_000)}, {}, ()), delay=0.05)
    marbles = [self_signed() for _ in range(40)]

    def run(marble: Certified) -> int:
        with channel_to(coordinator, marble) as channel:
            return len(activate(channel, Quote=marble.der).Files["f"])

    with ThreadPoolExecutor(20) as pool:
        sizes = list(pool.map(run, marbles))
    assert sizes == [100_000] * 40
    assert all(request.quote == request.peer_certificate for request in coordinator.requests)


def test_many_calls_on_one_channel_outlive_the_connections_limits(marble: Certified) -> None:
    with (
        CoordinatorSimulator(limits=MeshLimits(max_streams=3)) as coordinator,
        channel_to(coordinator, marble) as channel,
    ):
        for _ in range(10):
            activate(channel)
    assert len(coordinator.requests) == 10


def test_more_calls_at_once_than_allowed_are_refused(marble: Certified) -> None:
    limits = MeshLimits(max_concurrent_calls=1)
    with CoordinatorSimulator(limits=limits) as coordinator:
        coordinator.hang()
        with channel_to(coordinator, marble) as channel:
            pending = raw_method(channel, "/rpc.Marble/Activate").future(b"")
            coordinator.wait_for_requests()
            code, _ = refusal(channel)
            pending.cancel()
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_call_that_takes_too_long_is_ended(marble: Certified) -> None:
    with CoordinatorSimulator(limits=MeshLimits(call_timeout=0.2)) as coordinator:
        coordinator.hang()
        with channel_to(coordinator, marble) as channel:
            code, _ = refusal(channel)
    assert code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_the_certificate_changes_while_serving(
    coordinator: CoordinatorSimulator, marble: Certified
) -> None:
    with channel_to(coordinator, marble) as before:
        activate(before)
        coordinator.present(marble_root())
        with channel_to(coordinator, marble) as after:
            activate(after)
        activate(before)


def test_no_client_certificate_no_connection(coordinator: CoordinatorSimulator) -> None:
    credentials = grpc.ssl_channel_credentials(coordinator.root.pem)
    name = [("grpc.ssl_target_name_override", "localhost")]
    with grpc.secure_channel(coordinator.address, credentials, name) as channel:
        code, _ = refusal(channel)
    assert code is grpc.StatusCode.UNAVAILABLE
    assert not coordinator.requests
