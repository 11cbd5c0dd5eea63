"""Signing quotes, and what the client API says of software TEEs."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from ringtaw_coordinator import errors
from ringtaw_coordinator.manifest.model import FeatureGate

from tests.support.facade import ScriptedFacade
from tests.support.raw_http1 import ask

PATH = "/api/v2/sign-quote"
QUOTE = bytes(range(256))
CERT = "-----BEGIN CERTIFICATE-----"


def b64(value: bytes) -> str:
    return b64encode(value).decode()


def body(key: str = "sgxQuote") -> bytes:
    return json.dumps({key: b64(QUOTE)}).encode()


@pytest.fixture
def signing(facade: ScriptedFacade) -> ScriptedFacade:
    facade.features = {FeatureGate.SIGN_QUOTE_ENDPOINT}
    return facade


@pytest.mark.parametrize("key", ["sgxQuote", "SGXQuote", "sgxquote"])
async def test_bad_tcb_level_is_signed(port: int, signing: ScriptedFacade, key: str) -> None:
    answer = await ask(port, "POST", PATH, body(key))
    assert answer.status == 200
    data = {"tcbStatus": "OutOfDate", "verificationSignature": b64(b"signature")}
    assert answer.json == {"status": "success", "data": data}
    assert signing.quotes == [QUOTE]


@pytest.mark.parametrize("content", [body(), b"", b"rubbish"])
async def test_only_where_the_manifest_enables_it(
    port: int, facade: ScriptedFacade, content: bytes
) -> None:
    facade.features = {FeatureGate.MONOTONIC_COUNTER}
    answer = await ask(port, "POST", PATH, content)
    assert answer.status == 403
    assert (answer.json["status"], answer.json["data"]) == ("error", None)
    assert not facade.quotes


@pytest.mark.parametrize("content", [b"", b"rubbish", b"[]", b"{}", b'{"sgxQuote": "?"}', b"null"])
async def test_body_that_does_not_parse(port: int, signing: ScriptedFacade, content: bytes) -> None:
    answer = await ask(port, "POST", PATH, content)
    assert (answer.status, answer.json["status"]) == (400, "fail")
    assert not signing.quotes


async def test_quote_that_does_not_verify(port: int, signing: ScriptedFacade) -> None:
    signing.error = errors.VerificationError("quote-signature: wrong")
    answer = await ask(port, "POST", PATH, body())
    assert answer.status == 400
    assert answer.json == {
        "status": "fail",
        "data": {"sgxQuote": "quote-signature: wrong"},
        "message": "the quote does not verify",
    }


async def test_what_cannot_be_had_now_can_be_had_later(port: int, signing: ScriptedFacade) -> None:
    signing.error = errors.UnavailableError("no collateral")
    for method, path, content in (("POST", PATH, body()), ("GET", "/api/v2/quote", b"")):
        answer = await ask(port, method, path, content)
        assert answer.status == 503
        assert answer.json == {"status": "error", "data": None, "message": "no collateral"}
    assert (await ask(port, "GET", "/quote")).status == 503


async def test_version_1_does_not_have_it(port: int, signing: ScriptedFacade) -> None:
    assert (await ask(port, "POST", "/sign-quote", body())).status == 405


async def test_software_tee_is_plain_to_see(port: int, signing: ScriptedFacade) -> None:
    signing.software_tee = True
    evidence = b64(b"evidence")
    answer = await ask(port, "GET", "/api/v2/quote")
    assert answer.json["data"] == {"cert": CERT, "quote": evidence, "softwareTEE": True}
    answer = await ask(port, "GET", "/quote")
    assert answer.json["data"] == {"Cert": CERT, "Quote": evidence, "SoftwareTEE": True}
    answer = await ask(port, "POST", PATH, body())
    assert answer.json["data"]["softwareTEE"] is True
