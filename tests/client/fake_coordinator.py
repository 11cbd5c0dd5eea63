"""A server in a Coordinator's place that says what a test wants, over real TLS.

with serving(FakeCoordinator(root, quote)) as fake:
    verify(fake.address, POLICY, trust)
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ringtaw_attestation import coordinator_report_data
from ringtaw_attestation.softtee import Enclave, SoftwarePlatform
from ringtaw_attestation.softtee.keys import measurement
from ringtaw_client import CoordinatorPolicy
from ringtaw_testkit.identities import Certified, self_signed

from tests.support.evidence import TEE

GENUINE = Enclave(
    unique_id=measurement("coordinator"),
    signer_id=b"\x51" * 32,
    product_id=7,
    security_version=3,
)
POLICY = CoordinatorPolicy(unique_id=GENUINE.unique_id.hex())

Behaviour = Callable[[ssl.SSLSocket], None]


@dataclass
class FakeCoordinator:
    """Whom it plays: ``tls`` is who is at the end of the connection, by default the root."""

    root: Certified = field(default_factory=lambda: self_signed("MarbleRun Coordinator"))
    enclave: Enclave = GENUINE
    platform: SoftwarePlatform = field(default_factory=SoftwarePlatform)
    tls: Certified | None = None
    intermediate: Certified | None = None
    quote: Callable[[bytes], bytes] | None = None
    """Makes the quote for the report data that would be right."""
    answers: dict[str, bytes | Behaviour] = field(default_factory=dict)
    """By path: raw HTTP, or what to do with the connection."""
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    """Request line, header fields, body."""
    user: Certified | None = None
    """Demand the certificate of this user."""
    address: str = ""

    def answer(self, line: str) -> bytes | Behaviour:
        """Return the answer to a request line."""
        target = urllib.parse.urlsplit(line.split(" ")[1])
        if target.path in self.answers:
            return self.answers[target.path]
        if target.path == "/api/v2/quote":
            query = dict(urllib.parse.parse_qsl(target.query))
            return success(self.claim(base64.urlsafe_b64decode(query.get("nonce", ""))))
        return response(b'{"status":"error","data":null,"message":"no such thing"}', 405)

    def claim(self, nonce: bytes) -> dict[str, Any]:
        """Return certificates and quote."""
        data = coordinator_report_data(self.root.der, nonce)
        make = self.quote or (lambda right: TEE.sgx_quote(self.enclave, right, self.platform))
        chain = (self.intermediate.pem if self.intermediate else b"") + self.root.pem
        return {"cert": chain.decode(), "quote": base64.b64encode(make(data)).decode()}


def response(body: bytes, status: int = 200, *fields: str) -> bytes:
    """Return raw HTTP with a JSON body."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def success(data: Any) -> bytes:
    """Return raw HTTP with JSend of success."""
    return response(json.dumps({"status": "success", "data": data}).encode())


@contextmanager
def serving(fake: FakeCoordinator) -> Iterator[FakeCoordinator]:
    """Serve on a free port of the loopback interface."""
    context = _context(fake.tls or fake.root, fake.user)
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        fake.address = f"127.0.0.1:{listener.getsockname()[1]}"
        ended = threading.Event()

        def accept() -> None:
            while not ended.is_set():
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    arguments = (fake, context, connection)
                    threads.append(threading.Thread(target=_serve, args=arguments))
                    threads[-1].start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield fake
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join()
            for thread in threads:
                thread.join()


def _context(identity: Certified, user: Certified | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if user is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=user.der)
    with TemporaryDirectory() as directory:
        file = Path(directory) / "identity.pem"
        file.write_bytes(identity.key_pem + identity.pem)
        context.load_cert_chain(file)
    return context


def _serve(fake: FakeCoordinator, context: ssl.SSLContext, connection: socket.socket) -> None:
    connection.settimeout(10)
    with (
        contextlib.suppress(OSError),
        connection,
        context.wrap_socket(connection, server_side=True) as tls,
    ):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = tls.recv(65536)
            if not piece:
                return
            head += piece
        lines, _, body = head.partition(b"\r\n\r\n")
        line, *fields = lines.decode().split("\r\n")
        headers = dict(one.lower().split(": ", 1) for one in fields)
        while len(body) < int(headers.get("content-length", "0")):
            body += tls.recv(65536)
        fake.requests.append((line, headers, body))
        answer = fake.answer(line)
        if callable(answer):
            answer(tls)
        else:
            tls.sendall(answer)
        with contextlib.suppress(OSError):
            tls.unwrap()
