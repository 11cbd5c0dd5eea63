"""Fetching collateral over HTTP, from a server that may do anything."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from ringtaw_attestation import (
    CertificationService,
    Collateral,
    CollateralUnavailableError,
    ConfigurationError,
    PckCa,
    PlatformKind,
    Tee,
    open_source,
)
from ringtaw_attestation.collateral.http import MAX_BODY
from ringtaw_attestation.collateral.service import INTEL_PCS, INTEL_ROOT_CRL
from ringtaw_attestation.softtee import SoftwarePlatform
from ringtaw_testkit.identities import self_signed

from tests.support.evidence import NOW, ROOTS, SGX_COLLATERAL, SGX_KIND, SGX_QUOTE, TEE, verify
from tests.support.pccs import Pccs, Response, running_pccs

TCB = "/sgx/certification/v4/tcb"


@pytest.fixture
def pccs() -> Iterator[Pccs]:
    with running_pccs(lambda kind: TEE.collateral(kind, NOW)) as service:
        yield service


def failure(pccs: Pccs, timeout: float = 5) -> str:
    with pytest.raises(CollateralUnavailableError) as caught:
        CertificationService(pccs.url, timeout=timeout).fetch(SGX_KIND)
    return str(caught.value)


@pytest.mark.parametrize("tee", Tee)
@pytest.mark.parametrize("ca", PckCa)
def test_collateral_arrives_unchanged(pccs: Pccs, tee: Tee, ca: PckCa) -> None:
    kind = SoftwarePlatform(ca=ca).kind(tee)
    assert CertificationService(pccs.url + "/").fetch(kind) == TEE.collateral(kind, NOW)


def test_signed_bytes_survive_whatever_is_around_them(pccs: Pccs) -> None:
    document = SGX_COLLATERAL.tcb_info
    body = b' { "signature" : "%s" ,\n "tcbInfo" : %s , "more" : [ { } ] } ' % (
        document.signature.hex().encode(),
        document.content,
    )
    chain = urllib.parse.quote(document.issuer_chain.decode())
    pccs.overrides[TCB] = Response(body, {"SGX-TCB-Info-Issuer-Chain": chain})
    verify(SGX_QUOTE, CertificationService(pccs.url).fetch(SGX_KIND))


@pytest.mark.parametrize("form", ["hex", "pem"])
def test_revocation_lists_in_other_forms(pccs: Pccs, form: str) -> None:
    def as_pem(der: bytes) -> bytes:
        return x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)

    pccs.crl_form = as_pem if form == "pem" else lambda der: der.hex().encode()
    assert CertificationService(pccs.url).fetch(SGX_KIND) == SGX_COLLATERAL


def test_root_crl_from_elsewhere(pccs: Pccs) -> None:
    pccs.overrides["/sgx/certification/v4/rootcacrl"] = Response(b"none here", status=404)
    pccs.overrides["/root.crl"] = Response(SGX_COLLATERAL.root_crl)
    assert "404" in failure(pccs)
    service = CertificationService(pccs.url, root_crl_url=f"{pccs.url}/root.crl")
    assert service.fetch(SGX_KIND) == SGX_COLLATERAL


def test_intel_publishes_its_root_crl_elsewhere() -> None:
    assert CertificationService(INTEL_PCS)._root_crl_url == INTEL_ROOT_CRL
    assert CertificationService(INTEL_PCS + "/")._root_crl_url == INTEL_ROOT_CRL


def test_error_names_what_was_asked_for(pccs: Pccs) -> None:
    pccs.down = True
    assert f"{pccs.url}/sgx/certification/v4/pckcrl" in failure(pccs)
    assert "503" in failure(pccs)


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(CollateralUnavailableError, match="refused"):
            CertificationService(url).fetch(SGX_KIND)


def test_redirects_are_not_followed(pccs: Pccs) -> None:
    pccs.overrides[TCB] = Response(b"", {"Location": f"{pccs.url}/elsewhere"}, status=302)
    assert "302" in failure(pccs)
    assert pccs.requests["/elsewhere"] == 0


def test_too_long_answers_are_not_read_to_the_end(pccs: Pccs) -> None:
    pccs.overrides[TCB] = Response(b" " * (MAX_BODY + 1))
    assert "longer than" in failure(pccs)


def test_cut_off_answers_are_refused(pccs: Pccs) -> None:
    pccs.overrides[TCB] = Response(b"{", {"Content-Length": "100"})
    failure(pccs)


def test_server_that_says_nothing_is_given_up(pccs: Pccs) -> None:
    pccs.gate.clear()
    assert "no complete answer in time" in failure(pccs, timeout=0.2)


HELLO_REQUEST = b"\x16\x03\x03\x00\x04\x00\x00\x00\x00"
"""What a client of TLS passes over while it shakes hands: RFC 5246, section 7.4.1.1."""


@pytest.mark.parametrize(
    ("scheme", "first", "piece", "pause"),
    [
        ("http", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x", 0.05),
        ("http", b"HTTP/1.1 200 OK\r\n\r\n", b"x", 0.05),
        ("http", b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.05),
        ("http", b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0),
        ("https", b"", HELLO_REQUEST * 4096, 0),
    ],
    ids=["body", "body without length", "header", "interim answers", "handshake"],
)
def test_server_without_end_is_given_up(
    scheme: str, first: bytes, piece: bytes, pause: float
) -> None:
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            connection.settimeout(0.3)  # a client that is cut off may leave a window of zero
            with connection, contextlib.suppress(OSError):
                connection.recv(4096)
                connection.sendall(first)
                while not done.wait(pause):
                    connection.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        begin = time.monotonic()
        with pytest.raises(CollateralUnavailableError, match="no complete answer in time"):
            CertificationService(url, timeout=0.4).fetch(SGX_KIND)
        assert time.monotonic() - begin < 3
        done.set()
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        Response(b""),
        Response(b"<html>"),
        Response(b"{}"),
        Response(b'{"tcbInfo":{}}'),
        Response(b'{"tcbInfo":{},"tcbInfo":{},"signature":""}'),
        Response(b'{"tcbInfo":{},"signature":"00"}'),
        Response(b'{"tcbInfo":{},"signature":"' + b"00" * 64 + b'"}'),
        Response(b"[" * 100_000),
        Response(b"\xff\xfe"),
    ],
    ids=range(9),
)
def test_malformed_answers_are_refused(pccs: Pccs, answer: Response) -> None:
    pccs.overrides[TCB] = answer
    assert "malformed answer" in failure(pccs)


@pytest.mark.parametrize("body", [b"zz", b"-----BEGIN X509 CRL-----\n", b"\xff"])
def test_malformed_revocation_lists_are_refused(pccs: Pccs, body: bytes) -> None:
    pccs.overrides["/sgx/certification/v4/rootcacrl"] = Response(body)
    assert "malformed answer" in failure(pccs)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pccs.example",
        "ftp://pccs.example",
        "file:///etc/passwd",
        "https://",
        "http://a:b@c/",
        "http://host:port",
    ],
)
def test_base_urls_are_checked(url: str) -> None:
    with pytest.raises(ConfigurationError, match="URL"):
        CertificationService(url)


def test_platform_is_asked_for_by_name(pccs: Pccs) -> None:
    seen: list[PlatformKind] = []

    def provide(kind: PlatformKind) -> Collateral:
        seen.append(kind)
        return TEE.collateral(kind, NOW)

    pccs.provide = provide
    kind = PlatformKind(Tee.TDX, PckCa.PROCESSOR, "00606A000000")
    CertificationService(pccs.url).fetch(kind)
    assert "00606A000000" in {one.fmspc for one in seen if one.tee is Tee.TDX}
    assert PckCa.PROCESSOR in {one.ca for one in seen}


def test_pccs_with_a_ca_of_its_own(tmp_path: Path) -> None:
    certificate = self_signed("PCCS")
    for name, content in (("tls.pem", certificate.key_pem), ("ca.pem", certificate.pem)):
        (tmp_path / name).write_bytes(content)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "ca.pem", tmp_path / "tls.pem")
    with running_pccs(lambda kind: TEE.collateral(kind, datetime.now(UTC)), tls) as pccs:
        known = open_source(pccs.url, tmp_path / "a", ROOTS, tls_ca=tmp_path / "ca.pem")
        verify(SGX_QUOTE, known.fetch(SGX_KIND), datetime.now(UTC))
        anybody = open_source(pccs.url, tmp_path / "c", ROOTS, accept_any_certificate=True)
        verify(SGX_QUOTE, anybody.fetch(SGX_KIND), datetime.now(UTC))
        unknown = open_source(pccs.url, tmp_path / "b", ROOTS)
        with pytest.raises(CollateralUnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
            unknown.fetch(SGX_KIND)
