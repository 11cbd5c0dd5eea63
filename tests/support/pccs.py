"""A PCCS: a small HTTP server that serves collateral and can misbehave."""

from __future__ import annotations

import ssl
import sys
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from ringtaw_attestation import Collateral, PckCa, PlatformKind, SignedDocument, Tee


@dataclass(slots=True)
class Response:
    """What the server answers with."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass(slots=True)
class Pccs:
    """Serves what ``provide`` gives, counts requests by path, answers otherwise when told to."""

    provide: Callable[[PlatformKind], Collateral]
    url: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    down: bool = False
    """Answer 503 to everything."""
    overrides: dict[str, Response] = field(default_factory=dict)
    """Answers by path, before everything else."""
    gate: threading.Event = field(default_factory=threading.Event)
    """While cleared, requests wait."""
    crl_form: Callable[[bytes], bytes] = bytes
    """How revocation lists are written; DER unless changed."""

    @property
    def fetches(self) -> int:
        """How often the TCB info was asked for: once per fetch of collateral."""
        return sum(count for path, count in self.requests.items() if path.endswith("/tcb"))

    def answer(self, target: str) -> Response:
        """Return the answer to a GET."""
        parts = urllib.parse.urlsplit(target)
        self.requests[parts.path] += 1
        self.gate.wait(10)
        if self.down:
            return Response(b"down for maintenance", status=503)
        if parts.path in self.overrides:
            return self.overrides[parts.path]
        _, tee, *rest = parts.path.split("/")
        if rest[:2] != ["certification", "v4"]:
            return Response(b"not found", status=404)
        query = dict(urllib.parse.parse_qsl(parts.query))
        return self._document(Tee(tee), "/".join(rest[2:]), query)

    def _document(self, tee: Tee, name: str, query: dict[str, str]) -> Response:
        fmspc = query.get("fmspc", "534F46540001")
        kind = PlatformKind(tee, PckCa(query.get("ca", "platform")), fmspc)
        collateral = self.provide(kind)
        if name == "rootcacrl":
            return Response(collateral.root_crl.hex().encode())
        if name == "pckcrl":
            chain = _quoted(collateral.pck_crl_issuer_chain)
            return Response(self.crl_form(collateral.pck_crl), {"SGX-PCK-CRL-Issuer-Chain": chain})
        if name == "tcb":
            return _signed(collateral.tcb_info, "tcbInfo", "TCB-Info-Issuer-Chain")
        if name == "qe/identity":
            header = "SGX-Enclave-Identity-Issuer-Chain"
            return _signed(collateral.qe_identity, "enclaveIdentity", header)
        return Response(b"not found", status=404)


@contextmanager
def running_pccs(
    provide: Callable[[PlatformKind], Collateral], tls: ssl.SSLContext | None = None
) -> Iterator[Pccs]:
    """Serve collateral on a free port of the loopback interface."""
    pccs = Pccs(provide)
    pccs.gate.set()

    class Handler(_Handler):
        service = pccs

    server = _Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    pccs.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield pccs
    finally:
        pccs.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of a defect; a client that has gone, as some tests have it, is none."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    service: ClassVar[Pccs]

    def do_GET(self) -> None:
        response = self.service.answer(self.path)
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in response.headers:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's
        """Stay silent."""


def _signed(document: SignedDocument, member: str, header: str) -> Response:
    signature = document.signature.hex().encode()
    body = b'{"%s":%s,"signature":"%s"}' % (member.encode(), document.content, signature)
    return Response(body, {header: _quoted(document.issuer_chain)})


def _quoted(chain: bytes) -> str:
    return urllib.parse.quote(chain.decode())
