"""A server that answers wrongly, slowly or without end is an error, and costs little."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import ssl
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ringtaw_client import (
    ClientError,
    CoordinatorIdentity,
    EvidenceRejectedError,
    InputError,
    Limits,
    NotAuthorisedError,
    PinnedCoordinator,
    ProtocolError,
    RefusedError,
    SecretUpload,
    UnreachableError,
)
from ringtaw_client._json import FormatError, parse_object
from ringtaw_testkit.identities import self_signed

from tests.client.fake_coordinator import (
    Behaviour,
    FakeCoordinator,
    response,
    serving,
    success,
)

STATUS = "/api/v2/status"
Call = Callable[[PinnedCoordinator], object]


@contextlib.contextmanager
def answering(
    path: str, answer: bytes | Behaviour, limits: Limits | None = None
) -> Iterator[PinnedCoordinator]:
    """Return a client of a Coordinator that answers so."""
    with serving(FakeCoordinator(answers={path: answer})) as fake:
        identity = CoordinatorIdentity(fake.root.der)
        yield PinnedCoordinator(fake.address, identity, limits=limits or Limits())


def error_of(answer: bytes | Behaviour, limits: Limits | None = None) -> ClientError:
    """Return what a call that is answered so raises."""
    with answering(STATUS, answer, limits) as client, pytest.raises(ClientError) as caught:
        client.status()
    return caught.value


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"220 smtp.example ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{}",
        response(b""),
        response(b"<html>"),
        response(b"[]"),
        response(b'{"status":"success"'),
        response(b'{"status":"success","data":{"code":2,"message":NaN}}'),
        response(b'{"status":"success","data":{"code":2,"code":3,"message":""}}'),
        response(b'{"status":"success","data":[]}'),
        response(b'{"status":"success","data":null}'),
        response(b'{"status":"fail","data":{"code":2,"message":""}}'),
        response(b'{"status":1,"data":{"code":2,"message":""}}'),
        response(b'{"data":{"code":2,"message":""}}'),
        response(b'\xff{"status":"success"}'),
        response(b"[" * 100_000),
        response(b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
        response(b'{"status":"success","data":[' + b"[]," * 300_000 + b"0]}"),
        response(b'{"status":"success","data":{"code":' + b"1" * 9_000 + b"}}"),
    ],
    ids=lambda answer: answer[:60].decode("latin-1"),
)
def test_answers_that_no_coordinator_gives(answer: bytes) -> None:
    error = error_of(answer)
    assert isinstance(error, ProtocolError | UnreachableError)
    assert STATUS in str(error)


@pytest.mark.parametrize("code", [4, -1, 2.0, True, "2", None, [2], 10**30])
def test_values_of_other_types(code: Any) -> None:
    assert isinstance(error_of(success({"code": code, "message": ""})), ProtocolError)


def read_a(client: PinnedCoordinator) -> object:
    return client.read_secrets(["a"])


def apply(client: PinnedCoordinator) -> object:
    return client.apply_update(b"")


def count(client: PinnedCoordinator) -> object:
    return client.set_monotonic_counter("a", 1)


def of_no_version(certificate: bytes) -> str:
    """Return a certificate (DER) in PEM that says it is of version 8."""
    version = b"\xa0\x03\x02\x01"
    der = certificate.replace(version + b"\x02", version + b"\x07")
    return ssl.DER_cert_to_PEM_cert(der)


CERTIFICATE = self_signed("MarbleRun Coordinator").der
OF_NO_VERSION = of_no_version(CERTIFICATE)
CALLS: dict[str, tuple[str, Call, Any]] = {
    "manifest": (
        "manifest",
        PinnedCoordinator.manifest,
        {"manifest": "e30=", "manifestFingerprint": "00"},
    ),
    "quote": ("quote", PinnedCoordinator.certificate_chain, {"cert": "x", "quote": ""}),
    "quote surrogate": ("quote", PinnedCoordinator.certificate_chain, {"cert": "\ud800"}),
    "log": ("update", PinnedCoordinator.update_log, {"updateLog": ["{}"]}),
    "log time": ("update", PinnedCoordinator.update_log, {"updateLog": ['{"time":"x"}']}),
    "log number": (
        "update",
        PinnedCoordinator.update_log,
        {"updateLog": ['{"time":"2026-01-01T00:00:00Z","update":"","new version":1e999}']},
    ),
    "log far time": (
        "update",
        PinnedCoordinator.update_log,
        {"updateLog": ['{"time":"0001-01-01T00:00:00+14:00","update":""}']},
    ),
    "quote version": ("quote", PinnedCoordinator.certificate_chain, {"cert": OF_NO_VERSION}),
    "log surrogate": ("update", PinnedCoordinator.update_log, {"updateLog": ["\ud800"]}),
    "secrets": ("secrets", read_a, {"secrets": {"a": {"Type": 7}}}),
    "secret base64": ("secrets", read_a, {"secrets": {"a": {"Type": "plain", "Private": "%"}}}),
    "secret of another name": ("secrets", read_a, {"secrets": {"b": {"Type": "plain"}}}),
    "no secret": ("secrets", read_a, {"secrets": {}}),
    "secret name": ("secrets", read_a, {"secrets": {"\x1b[2J": {"Type": "plain"}}}),
    "pending": ("update-manifest", PinnedCoordinator.pending_update, {"manifest": 1}),
    "users": ("update", apply, {"missingAcknowledgments": 1, "missingUsers": [1]}),
    "user name": ("update", apply, {"missingUsers": ["\u202egnp"]}),
    "recovery": ("manifest", lambda one: one.set_manifest(b""), {"RecoverySecrets": {"a": 1}}),
    "counter": ("monotonic-counter", count, {"value": 2**64}),
    "sign": ("sign-quote", lambda one: one.sign_quote(b""), {"tcbStatus": None}),
    "recover": ("recover", lambda one: one.recover(b"", b""), {"remaining": "0"}),
    "key": ("recover/public-key", PinnedCoordinator.recovery_public_key, {"algorithm": "DSA"}),
}


@pytest.mark.parametrize("name", CALLS)
def test_every_call_reads_strictly(name: str) -> None:
    path, ask, data = CALLS[name]
    with answering(f"/api/v2/{path}", success(data)) as client, pytest.raises(ProtocolError):
        ask(client)


def test_manifest_with_another_signature() -> None:
    raw = b'{"Packages":{}}'
    data = {
        "manifest": base64.b64encode(raw).decode(),
        "manifestFingerprint": hashlib.sha256(raw).hexdigest(),
        "manifestSignatureRootECDSA": base64.b64encode(b"no signature").decode(),
    }
    with (
        answering("/api/v2/manifest", success(data)) as client,
        pytest.raises(EvidenceRejectedError, match="not signed by the root key"),
    ):
        client.manifest()


def test_quote_signed_by_somebody_else() -> None:
    data = {"tcbStatus": "UpToDate", "verificationSignature": "MAA="}
    with (
        answering("/api/v2/sign-quote", success(data)) as client,
        pytest.raises(EvidenceRejectedError, match="not the Coordinator's"),
    ):
        client.sign_quote(b"quote")


def test_redirects_are_not_followed() -> None:
    with serving(FakeCoordinator(answers={STATUS: success({"code": 3, "message": "x"})})) as target:
        location = f"Location: https://{target.address}{STATUS}"
        error = error_of(response(b"", 307, location))
    assert isinstance(error, ProtocolError)
    assert "307" in str(error)
    assert not target.requests


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with answering(STATUS, success({"code": 3, "message": "direct"})) as client:
        assert client.status().message == "direct"


def endless(first: bytes, piece: bytes, pause: float = 0.0) -> Behaviour:
    """Return a server that never comes to an end."""

    def behave(connection: ssl.SSLSocket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(piece)
            time.sleep(pause)

    return behave


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
    ids=["length", "chunked", "until the end"],
)
def test_endless_answer_is_cut(first: bytes) -> None:
    tracemalloc.start()
    try:
        error = error_of(endless(first, b" " * 65536))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(error, ProtocolError)
    assert "larger than 1,048,576 bytes" in str(error)
    assert peak < 8 << 20


@pytest.mark.parametrize(
    "first",
    [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n"],
    ids=["status line", "header", "body"],
)
def test_slow_drip_ends_in_time(first: bytes) -> None:
    begin = time.monotonic()
    error = error_of(endless(first, b"X", pause=0.05), Limits(total_timeout=0.6))
    assert isinstance(error, UnreachableError)
    assert "in time" in str(error)
    assert time.monotonic() - begin < 3


def test_silence_ends_in_time() -> None:
    error = error_of(lambda tls: time.sleep(0.6), Limits(silence_timeout=0.3))
    assert isinstance(error, UnreachableError)


def test_server_that_hangs_up_on_a_large_request_may_say_why() -> None:
    def refuse(tls: ssl.SSLSocket) -> None:
        tls.sendall(response(b'{"status":"fail","data":null,"message":"too large"}', 413))

    with (
        answering("/api/v2/manifest", refuse) as client,
        pytest.raises(RefusedError, match="too large") as caught,
    ):
        client.set_manifest(b"x" * 100_000)
    assert caught.value.status == 413


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "bad nonce", RefusedError),
        (401, "unauthorized user: x", NotAuthorisedError),
        (403, "the feature is off", RefusedError),
        (404, "no update in progress", RefusedError),
        (405, "", RefusedError),
        (500, "user bob is not allowed to read one or more secrets of: [a]", NotAuthorisedError),
        (500, "server is not in expected state", RefusedError),
        (503, "busy", RefusedError),
    ],
)
def test_refusals(status: int, message: str, kind: type[RefusedError]) -> None:
    body = json.dumps({"status": "error", "data": None, "message": message}).encode()
    error = error_of(response(body, status))
    assert type(error) is kind
    assert error.status == status
    assert message in str(error)


def test_refusal_with_details() -> None:
    error = error_of(
        response(b'{"status":"fail","data":{"sgxQuote":"too old"},"message":"no"}', 400)
    )
    assert error.message.endswith("no; sgxQuote: too old")


@pytest.mark.parametrize("status", [200, 500])
def test_texts_cannot_drive_a_terminal(status: int) -> None:
    nasty = "\x1b]0;owned\x07\x9b2J\u202e ok"
    body = {"status": "success" if status == 200 else "error", "message": nasty}
    content = json.dumps({**body, "data": {"code": 2, "message": nasty}}).encode()
    if status == 200:
        with answering(STATUS, response(content)) as client:
            shown = client.status().message
    else:
        shown = str(error_of(response(content, status)))
    assert not set(shown) & set("\x1b\x07\x9b\u202e")
    assert shown.endswith("ok") or "ok" in shown


def test_what_a_coordinator_says_is_cut() -> None:
    body = json.dumps({"status": "error", "data": None, "message": "x" * 100_000}).encode()
    assert len(str(error_of(response(body, 500)))) < 5_000


def test_secrets_stay_out_of_errors_and_representations() -> None:
    upload = SecretUpload(key=b"hunter2", private=b"hunter2")
    leaking = b'{"status":"success","data":{"secrets":{"a":{"Private":"aHVudGVyMg==", broken'
    with answering("/api/v2/secrets", response(leaking)) as client:
        with pytest.raises(ProtocolError) as caught:
            client.read_secrets(["a"])
        with pytest.raises(ProtocolError) as other:
            client.write_secrets({"a": upload})
    for error in (caught.value, other.value):
        chain = repr(error) + str(error) + repr(error.__cause__) + repr(error.__context__)
        assert "hunter2" not in chain
        assert "aHVudGVyMg" not in chain
    assert "hunter2" not in repr(upload)


@given(st.integers(0, 2**16), st.binary(max_size=3), st.integers(0, 3))
@settings(max_examples=200)
def test_damaged_certificates_fail_in_one_way(at: int, new: bytes, missing: int) -> None:
    at %= len(CERTIFICATE)
    damaged = CERTIFICATE[:at] + new + CERTIFICATE[at + missing :]
    with contextlib.suppress(InputError):
        identity = CoordinatorIdentity.from_pem(ssl.DER_cert_to_PEM_cert(damaged).encode())
        assert identity.root == CERTIFICATE


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_parsing_fails_in_one_way(content: bytes) -> None:
    with contextlib.suppress(FormatError):
        parse_object(content)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@settings(max_examples=100)
def test_reading_fails_in_one_way(value: Any) -> None:
    document = {"a": value, "b": {"a": value}}
    with contextlib.suppress(FormatError):
        record = parse_object(json.dumps(document).encode())
        for read in (record.octets, record.names, record.integer, record.message, record.record):
            with contextlib.suppress(FormatError):
                read("a")
        assert "\x1b" not in str(record.details())
