"""The client API as MarbleRun's clients know it: paths, statuses, JSend, spelling."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from ringtaw_coordinator import errors
from ringtaw_coordinator.server.client.server import ClientServer
from ringtaw_testkit.identities import Certified, marble_root, self_signed

from tests.support.facade import ScriptedFacade
from tests.support.raw_http1 import Answer, RawClient, ask

MANIFEST = b'{"Packages": {}}\n'
FINGERPRINT = sha256(MANIFEST).hexdigest()


def b64(value: bytes) -> str:
    return b64encode(value).decode()


def envelope(manifest: bytes, key: str = "manifest") -> bytes:
    return json.dumps({key: b64(manifest)}).encode()


def success(answer: Answer) -> object:
    assert answer.status == 200
    content = answer.json
    assert set(content) == {"status", "data"}
    assert content["status"] == "success"
    return content["data"]


def refusal(answer: Answer) -> tuple[int, str, str]:
    content = answer.json
    assert set(content) == {"status", "data", "message"}
    assert content["data"] is None
    return answer.status, content["status"], content["message"]


async def test_status(port: int, facade: ScriptedFacade) -> None:
    message = "state ACCEPTING_MANIFEST"
    assert success(await ask(port, "GET", "/api/v2/status")) == {"code": 2, "message": message}
    assert success(await ask(port, "GET", "/status")) == {"StatusCode": 2, "StatusMessage": message}


async def test_manifest_is_set_and_returned_byte_for_byte(
    port: int, facade: ScriptedFacade
) -> None:
    answer = await ask(port, "POST", "/api/v2/manifest", envelope(MANIFEST))
    assert success(answer) == {"RecoverySecrets": {}}
    assert facade.manifests == [MANIFEST]
    assert success(await ask(port, "GET", "/api/v2/manifest")) == {
        "manifestSignatureRootECDSA": b64(b"signature"),
        "manifestFingerprint": FINGERPRINT,
        "manifest": b64(MANIFEST),
    }
    assert success(await ask(port, "GET", "/manifest")) == {
        "ManifestSignatureRootECDSA": b64(b"signature"),
        "ManifestSignature": FINGERPRINT,
        "Manifest": b64(MANIFEST),
    }


async def test_before_a_manifest_is_set(port: int) -> None:
    assert refusal(await ask(port, "GET", "/api/v2/manifest"))[:2] == (500, "error")
    assert success(await ask(port, "GET", "/manifest")) == {
        "ManifestSignatureRootECDSA": None,
        "ManifestSignature": "",
        "Manifest": None,
    }


async def test_recovery_secrets_and_warnings(port: int, facade: ScriptedFacade) -> None:
    assert success(await ask(port, "POST", "/manifest", MANIFEST)) is None
    facade.recovery_secrets = {"alice": b"encrypted"}
    facade.warnings = ["old"]
    secrets = {"alice": b64(b"encrypted")}
    assert success(await ask(port, "POST", "/manifest", MANIFEST)) == {"RecoverySecrets": secrets}
    answer = await ask(port, "POST", "/api/v2/manifest", envelope(MANIFEST))
    assert success(answer) == {"RecoverySecrets": secrets, "warnings": ["old"]}


@pytest.mark.parametrize(
    ("query", "nonce"),
    [
        ("", None),
        ("?nonce=", None),
        ("?nonce=YWJj_-8%3D", b"abc\xff\xef"),
        ("?nonce=YWJj_-8=", b"abc\xff\xef"),
        ("?nonce=YWJj&nonce=ZGVm&x=y", b"abc"),
    ],
)
async def test_quote(port: int, facade: ScriptedFacade, query: str, nonce: bytes | None) -> None:
    data = success(await ask(port, "GET", "/api/v2/quote" + query))
    assert data == {"cert": "-----BEGIN CERTIFICATE-----", "quote": b64(b"evidence")}
    assert facade.nonces == [nonce]


@pytest.mark.parametrize(
    "nonce", ["YWJj_-8", "YWJj/+8=", "YWJj/-8=", "YWJj-%2B8=", "YW%20Jj", "%C3%A4", "=", "a"]
)
async def test_a_bad_nonce(port: int, facade: ScriptedFacade, nonce: str) -> None:
    answer = await ask(port, "GET", f"/api/v2/quote?nonce={nonce}")
    assert refusal(answer)[:2] == (400, "fail")
    assert not facade.nonces


async def test_version_1_knows_no_nonce(port: int, facade: ScriptedFacade) -> None:
    data = success(await ask(port, "GET", "/quote?nonce=YWJj"))
    assert data == {"Cert": "-----BEGIN CERTIFICATE-----", "Quote": b64(b"evidence")}
    assert facade.nonces == [None]


async def test_simulation_is_plain_to_see(port: int, facade: ScriptedFacade) -> None:
    facade.simulation, facade.evidence = True, b""
    cert = "-----BEGIN CERTIFICATE-----"
    data = success(await ask(port, "GET", "/api/v2/quote"))
    assert data == {"cert": cert, "quote": None, "simulation": True}
    data = success(await ask(port, "GET", "/quote"))
    assert data == {"Cert": cert, "Quote": None, "Simulation": True}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/api/v2"),
        ("GET", "/api/v2/status/"),
        ("GET", "/api/v2/Status"),
        ("GET", "/api/v3/status"),
        ("POST", "/api/v2/status"),
        ("PUT", "/api/v2/manifest"),
        ("DELETE", "/manifest"),
        ("OPTIONS", "/manifest"),
    ],
)
async def test_405_for_all_that_is_not_there(port: int, method: str, path: str) -> None:
    assert refusal(await ask(port, method, path))[:2] == (405, "error")


async def test_head_is_not_there_either(port: int) -> None:
    async with await RawClient.connect(port) as client:
        client.writer.write(b"HEAD /status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await client.end()).startswith(b"HTTP/1.1 405 ")


@pytest.mark.parametrize(
    ("error", "v1", "v2"),
    [
        (errors.StateError("server is not in expected state"), (400, "error"), (500, "error")),
        (errors.ManifestError([errors.Problem("/a", "wrong")]), (400, "error"), (500, "error")),
        (errors.StoreError("disk full"), (500, "error"), (500, "error")),
        (errors.UnauthenticatedError("unauthorized user"), (401, "error"), (401, "fail")),
    ],
)
async def test_refusals_keep_their_text(
    port: int,
    facade: ScriptedFacade,
    error: errors.CoordinatorError,
    v1: tuple[int, str],
    v2: tuple[int, str],
) -> None:
    facade.error = error
    assert refusal(await ask(port, "POST", "/manifest", MANIFEST)) == (*v1, str(error))
    answer = await ask(port, "POST", "/api/v2/manifest", envelope(MANIFEST))
    assert refusal(answer) == (*v2, str(error))


@pytest.mark.parametrize(
    "failure", [RuntimeError("a secret"), ConnectionError("a secret"), ValueError("a secret")]
)
async def test_an_unforeseen_failure_says_nothing_of_itself(
    port: int, facade: ScriptedFacade, capfd: pytest.CaptureFixture[str], failure: Exception
) -> None:
    facade.error = failure
    for path in ("/quote", "/api/v2/quote"):
        status, kind, message = refusal(await ask(port, "GET", path))
        assert (status, kind) == (500, "error")
        assert "secret" not in message
    log = "".join(capfd.readouterr())
    assert f"{type(failure).__name__} at" in log
    assert "a secret" not in log


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"manifest",
        b"[]",
        b"{}",
        b'{"manifest": 1}',
        b'{"manifest": null}',
        b'{"manifest": "YQ"}',
        b'{"manifest": "Y Q=="}',
        b'{"manifest": "_w=="}',
        b'{"manifest": "\xff"}',
        b'{"manifest": "\\ud800"}',
        b"[" * 200_000,
    ],
)
async def test_bodies_that_do_not_parse(port: int, facade: ScriptedFacade, body: bytes) -> None:
    answer = await ask(port, "POST", "/api/v2/manifest", body)
    assert refusal(answer)[:2] == (400, "fail")
    assert not facade.manifests


@pytest.mark.parametrize("key", ["manifest", "Manifest", "MANIFEST"])
@pytest.mark.parametrize("line", ["", "Content-Type: application/x-www-form-urlencoded"])
async def test_letter_case_and_content_type_do_not_matter(
    port: int, facade: ScriptedFacade, key: str, line: str
) -> None:
    body = envelope(MANIFEST, key)
    answer = await ask(
        port, "POST", "/api/v2/manifest", body, f"Content-Length: {len(body)}", line or "X-No: y"
    )
    success(answer)
    assert facade.manifests == [MANIFEST]


async def test_manifests_up_to_16_mebibytes_fit_either_way(
    port: int, facade: ScriptedFacade
) -> None:
    large = b"{" + b" " * ((16 << 20) - 2) + b"}"
    success(await ask(port, "POST", "/api/v2/manifest", envelope(large)))
    success(await ask(port, "POST", "/manifest", large))
    assert facade.manifests == [large, large]


async def test_chunked_bodies_and_expectations(port: int, facade: ScriptedFacade) -> None:
    chunked = b"11\r\n" + MANIFEST + b"\r\n0\r\n\r\n"
    async with await RawClient.connect(port) as client:
        lines = "Transfer-Encoding: chunked", "Expect: 100-continue"
        client.writer.write(b"POST /manifest HTTP/1.1\r\nHost: x\r\n")
        client.writer.write("\r\n".join((*lines, "", "")).encode())
        assert (await client.answer()).status == 100
        client.writer.write(chunked)
        success(await client.answer())
    assert facade.manifests == [MANIFEST]


async def test_a_connection_serves_many_requests(port: int) -> None:
    async with await RawClient.connect(port) as client:
        for _ in range(20):
            success(await client.request("GET", "/api/v2/status"))
            assert (await client.request("GET", "/nothing")).status == 405
            success(await client.request("POST", "/manifest", MANIFEST))


async def test_any_client_certificate_is_let_in(port: int, tmp_path: Path) -> None:
    context = self_signed("user").client_context(tmp_path, "http/1.1")
    async with await RawClient.connect(port, context) as client:
        success(await client.request("GET", "/api/v2/status"))


async def test_the_identity_changes_while_serving(facade: ScriptedFacade, root: Certified) -> None:
    other = marble_root()
    server = ClientServer(facade, root.identity)
    _, port = await server.start("127.0.0.1", 0)
    async with await RawClient.connect(port) as before:
        server.set_identity(other.identity)
        async with await RawClient.connect(port) as after:
            tls = after.writer.get_extra_info("ssl_object")
            assert tls.getpeercert(True) == other.der
        success(await before.request("GET", "/status"))
    await server.stop()
