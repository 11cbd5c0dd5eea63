"""Bodies that are not as they should be: one clear refusal each, and nothing happens."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import pytest
from ringtaw_testkit.identities import self_signed

from tests.support.facade import ScriptedFacade
from tests.support.raw_http1 import RawClient, ask, build


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return self_signed("user").client_context(Path(tmp_path_factory.mktemp("user")), "http/1.1")


DEEP = b'{"secrets":' + b'{"a":' * 5000 + b"1" + b"}" * 5001


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not JSON: "),
        (b"\xff", "the body is not JSON: "),
        (b"[]", "the body is not a JSON object"),
        (b"null", "the body is not a JSON object"),
        (b"{}", "/secrets: is missing"),
        (b'{"secrets": null}', "/secrets: an object is expected"),
        (b'{"secrets": []}', "/secrets: an object is expected"),
        (b'{"secrets": {"a": "b"}}', "/secrets/a: an object is expected"),
        (b'{"secrets": {"a": {"Key": 1}}}', "/secrets/a/Key: a base64 string is expected"),
        (b'{"secrets": {"a": {"Key": "%"}}}', "/secrets/a/Key: is not base64"),
        (b'{"secrets": {"a": {"Key": "YQ"}}}', "/secrets/a/Key: is not base64"),
        (
            b'{"secrets": {"a": {"Privat": ""}}}',
            '/secrets/a/Privat: there is no such key: did you mean "Private"?',
        ),
        (b'{"secrets": {}, "more": 1}', "/more: there is no such key"),
        (b'{"secrets": {}, "secrets": {}}', 'the key "secrets" is there twice'),
        (b'{"secrets": {}, "Secrets": {}}', "/secrets: the key is there twice"),
        (b'{"secrets": {"a": {}, "a": {}}}', 'the key "a" is there twice'),
        (b'{"secrets": {"a": {"key": "", "Key": ""}}}', "/secrets/a/Key: the key is there twice"),
        (b'{"secrets": {"\\ud800": {}}}', "/secrets: there is a lone surrogate in a string"),
        (b'{"secrets": {"a": {"Key": NaN}}}', "NaN is no value"),
        (DEEP, ""),
    ],
)
async def test_a_bad_body(
    port: int, context: ssl.SSLContext, facade: ScriptedFacade, body: bytes, message: str
) -> None:
    async with await RawClient.connect(port, context) as client:
        answer = await client.request(
            "POST", "/api/v2/secrets", body, f"Content-Length: {len(body)}"
        )
    assert (answer.status, answer.json["status"]) == (400, "fail")
    assert message in answer.json["message"]
    assert len(answer.json["message"]) < 300
    assert not facade.uploads


@pytest.mark.parametrize(
    "value", ["1.0", "1e2", "-1", "-0.0", str(2**64), "true", '"1"', "null", "[]", "9" * 5000]
)
async def test_a_counter_that_is_no_uint64(
    port: int, context: ssl.SSLContext, facade: ScriptedFacade, value: str
) -> None:
    facade.require_feature = lambda gate: None  # type: ignore[method-assign] # all are on
    body = f'{{"name": "n", "value": {value}}}'.encode()
    async with await RawClient.connect(port, context) as client:
        answer = await client.request("POST", "/api/v2/monotonic-counter", body)
    assert answer.status == 400
    assert len(answer.json["message"]) < 300
    assert not facade.counters


async def test_names_of_secrets_keep_their_letter_case(
    port: int, context: ssl.SSLContext, facade: ScriptedFacade
) -> None:
    body = json.dumps({"secrets": {"a": {}, "A": {}}}).encode()
    async with await RawClient.connect(port, context) as client:
        assert (await client.request("POST", "/api/v2/secrets", body)).status == 200
    assert list(facade.uploads[0]) == ["a", "A"]


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/api/v2/monotonic-counter", 9 * 1024, 413),
        ("/api/v2/sign-quote", 513 * 1024, 413),
        ("/api/v2/update-cancel", 5 * 1024, 413),
        ("/recover", 5 * 1024, 413),
        ("/api/v2/sign-quote", 400 * 1024, 400),
        ("/api/v2/secrets", 600 * 1024, 400),
    ],
)
async def test_each_endpoint_has_its_own_limit(
    port: int, context: ssl.SSLContext, facade: ScriptedFacade, path: str, size: int, status: int
) -> None:
    facade.require_feature = lambda gate: None  # type: ignore[method-assign] # all are on
    async with await RawClient.connect(port, context) as client:
        assert (await client.request("POST", path, bytes(size))).status == status
    assert (await ask(port, "GET", "/status")).status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v2/%73tatus", 200),
        ("/api%2fv2/status", 200),
        ("/api/v2/status/", 405),
        ("//api/v2/status", 405),
        ("/api/v2/../v2/status", 405),
        ("/api/v2/status%00", 405),
        ("/api/v2/status?", 200),
        ("/api/v2/status?a=%ff&b", 200),
        ("/api/v2/status#fragment", 200),
        ("https://other.example/api/v2/status", 200),
        ("/%", 405),
        ("*", 400),
    ],
)
async def test_spellings_of_a_path(port: int, path: str, status: int) -> None:
    answer = await ask(port, "GET", path)
    assert answer.status == status
    assert answer.json["status"] == ("success" if status == 200 else "error")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "PURGE"])
async def test_other_methods(port: int, method: str) -> None:
    async with await RawClient.connect(port) as client:
        client.writer.write(build(method, "/api/v2/secrets", b"", "Connection: close"))
        head = (await client.end()).split(b"\r\n")
    assert head[0].startswith(b"HTTP/1.1 405 ")
    assert b"Allow: GET, POST" in head


async def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    async with await RawClient.connect(port) as client:
        requests = [("/status", 200), ("/nothing", 405), ("/api/v2/quote?nonce=%", 400)] * 5
        client.writer.write(b"".join(build("GET", path) for path, _ in requests))
        statuses = [(await client.answer()).status for _ in requests]
    assert statuses == [status for _, status in requests]
