"""HTTP/1.1 of the client API: what counts as a request, and where it ends."""

from __future__ import annotations

import asyncio
import random

import pytest
from ringtaw_coordinator.server.budget import Budget
from ringtaw_coordinator.server.client.bodies import MAX_CHUNK_LINE, MAX_TRAILERS, Body, framing
from ringtaw_coordinator.server.client.endpoint import RequestError
from ringtaw_coordinator.server.client.head import Head, HeadError, parse_head
from ringtaw_coordinator.server.limits import ClientLimits
from ringtaw_testkit.identities import Certified

from tests.support.facade import ScriptedFacade, serving
from tests.support.raw_http1 import RawClient, build

LIMITS = ClientLimits(max_request_line=40, max_header_line=30, max_headers=5)


def head(*lines: str, first: str = "GET /a?b HTTP/1.1", host: str = "Host: x") -> Head:
    return parse_head("\r\n".join((first, *filter(None, (host, *lines)))).encode("latin-1"), LIMITS)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([], Head("GET", "/a", "b", 0, True, False), id="plain"),
        pytest.param(
            ["content-LENGTH:\t 12 "], Head("GET", "/a", "b", 12, True, False), id="length"
        ),
        pytest.param(
            ["Transfer-Encoding: Chunked", "Expect: 100-Continue"],
            Head("GET", "/a", "b", None, True, True),
            id="chunks",
        ),
        pytest.param(
            ["Connection: keep-alive", "Connection: x, Close"],
            Head("GET", "/a", "b", 0, False, False),
            id="close",
        ),
        pytest.param(["X: \xe4\xff", "Y:"], Head("GET", "/a", "b", 0, True, False), id="any value"),
    ],
)
def test_heads(lines: list[str], expected: Head) -> None:
    assert head(*lines) == expected


def test_version_1_0_keeps_nothing() -> None:
    parsed = head("Connection: keep-alive", first="GET / HTTP/1.0", host="")
    assert parsed == Head("GET", "/", "", 0, False, False)


def test_one_empty_line_before_a_request_is_ignored() -> None:
    assert head(first="\r\nGET / HTTP/1.1").path == "/"


@pytest.mark.parametrize(
    "first",
    [
        "",
        "GET",
        "GET /",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET / HTTP/1.2",
        "GET / HTTP/2.0",
        "GET / http/1.1",
        "GET a HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET /\xe4 HTTP/1.1",
        "GET ftp://x/ HTTP/1.1",
        "GET https:///a HTTP/1.1",
        "G(T / HTTP/1.1",
        "GET /" + 40 * "a" + " HTTP/1.1",
    ],
)
def test_what_is_no_request_line(first: str) -> None:
    with pytest.raises(HeadError):
        head(first=first)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["no colon"], id="no colon"),
        pytest.param([": y"], id="no name"),
        pytest.param(["X : y"], id="space before the colon"),
        pytest.param([" X: y"], id="folded"),
        pytest.param(["X: a\x00b"], id="NUL"),
        pytest.param(["X: a\rb"], id="half an end of line"),
        pytest.param(["X: a\nContent-Length: 5"], id="other half"),
        pytest.param(["X: " + 30 * "a"], id="long"),
        pytest.param(5 * ["X: y"], id="many"),
        pytest.param(["Host: y"], id="two hosts"),
        pytest.param(["Content-Length: +1"], id="sign"),
        pytest.param(["Content-Length: 1_0"], id="underscore"),
        pytest.param(["Content-Length: "], id="no length"),
        pytest.param(["Content-Length: 1, 1"], id="list of lengths"),
        pytest.param(["Content-Length: 1", "content-length: 1"], id="length twice"),
        pytest.param(["Content-Length: 1", "Transfer-Encoding: chunked"], id="both"),
        pytest.param(["Transfer-Encoding: gzip, chunked"], id="gzip"),
        pytest.param(["Transfer-Encoding: identity"], id="identity"),
        pytest.param(["Transfer-Encoding: chunked", "Transfer-Encoding: x"], id="coding twice"),
        pytest.param(["Transfer-Encoding: \x0bchunked"], id="disguised"),
    ],
)
def test_what_is_no_head(lines: list[str]) -> None:
    with pytest.raises(HeadError):
        head(*lines)


def test_a_host_is_needed_since_version_1_1() -> None:
    with pytest.raises(HeadError):
        head(host="")


def test_chunks_of_chunks() -> None:
    sent = b"5\r\nhello\r\n00A ; x=y\r\n, world...\r\n0\r\nTrailer: x\r\n\r\nGET /"
    for seed in range(50):
        cutting, received, content, framed = random.Random(seed), bytearray(), b"", framing(None)  # noqa: S311
        rest = sent
        while not framed.is_complete:
            size = cutting.randint(1, 8)
            received += rest[:size]
            rest = rest[size:]
            content += framed.take(received)
        assert content == b"hello, world..."
        assert bytes(received) + rest == b"GET /"


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n",
        b"x\r\n",
        b"-1\r\n",
        b"0x1\r\na\r\n",
        b"1 1\r\n",
        b"1\n\na\r\n0\r\n\r\n",
        b"1\r\nab\r\n",
        b"1;\x00\r\n",
        b"1" * 13 + b"\r\n",
        b"1;" + b"x" * MAX_CHUNK_LINE,
        b"0\r\n" + b"X: y\r\n" * (MAX_TRAILERS + 1),
    ],
)
def test_what_are_no_chunks(sent: bytes) -> None:
    with pytest.raises(RequestError, match="does not parse"):
        framing(None).take(bytearray(sent))


def test_a_body_gives_its_share_back_once() -> None:
    budget = Budget(10)
    body = Body(budget, 8)
    body.grow(b"12345678")
    with pytest.raises(RequestError, match="larger than 8"):
        body.grow(b"9")
    with pytest.raises(RequestError, match="busy"):
        Body(budget, 8).grow(b"123")
    assert body.take() == b"12345678"
    body.release()
    body.release()
    assert budget.reserve(10)
    assert not budget.reserve(1)


async def test_what_comes_while_a_request_is_at_work_waits(
    facade: ScriptedFacade, root: Certified
) -> None:
    facade.delay = 0.05
    async with serving(facade, root) as port, await RawClient.connect(port) as client:
        client.writer.write(build("POST", "/manifest", b"1"))
        client.writer.write(build("POST", "/manifest", b"2") + build("GET", "/status")[:9])
        assert (await client.answer()).status == 200
        assert facade.manifests == [b"1"]
        assert (await client.answer()).status == 200
        assert facade.manifests == [b"1", b"2"]
        client.writer.write(build("GET", "/status")[9:])
        assert (await client.answer()).status == 200


async def test_a_refused_body_is_read_to_its_end_and_is_no_request(port: int) -> None:
    hidden = build("GET", "/status")
    async with await RawClient.connect(port) as client:
        client.writer.write(build("POST", "/nothing", hidden))
        answer = await client.answer()
        assert answer.status == 405
        assert answer.headers["connection"] == "close"
        assert await client.end() == b""


async def test_head_has_no_body_in_its_answer(port: int) -> None:
    async with await RawClient.connect(port) as client:
        client.writer.write(build("HEAD", "/status") + build("GET", "/status"))
        received = await asyncio.wait_for(client.reader.readuntil(b"\r\n\r\n"), 5)
        assert b" 405 " in received
        assert (await client.answer()).status == 200
