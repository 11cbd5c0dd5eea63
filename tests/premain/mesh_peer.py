"""A foreign mesh API: nothing of this project's server, so that both sides cannot err alike.

The TLS front asks for a client certificate and accepts any, as a Coordinator does, and passes the
bytes on: to a grpcio server, or to a script that speaks HTTP/2 by hand and wrongly if it must.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Never

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from ringtaw_schemas.mesh import marble_pb2, marble_pb2_grpc

from tests.premain.mesh_certificates import MeshCertificates

Script = Callable[[socket.socket], None]
Answer = Callable[[marble_pb2.ActivationReq], marble_pb2.ActivationResp]


class CallRefusedError(Exception):
    """Raised by an answer: the call ends with this gRPC status."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details


@dataclass
class TlsFront:
    """A listening TLS socket; ``open_backend`` gives the plain connection for each accepted one."""

    certificates: MeshCertificates
    open_backend: Callable[[], socket.socket]
    alpn: bytes = b"h2"
    port: int = 0
    client_certificates: list[bytes] = field(default_factory=list)
    bytes_received: int = 0
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._context = self._server_context()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        """End all connections and wait for their threads."""
        for open_socket in (self._listener, *self._open):
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _server_context(self) -> SSL.Context:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.use_certificate(self.certificates.chain[0])
        for certificate in self.certificates.chain[1:]:
            context.add_extra_chain_cert(certificate)
        context.use_privatekey(self.certificates.key)
        require = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        context.set_verify(require, lambda *_: True)
        context.set_alpn_select_callback(
            lambda _, offered: self.alpn if self.alpn in offered else SSL.NO_OVERLAPPING_PROTOCOLS
        )
        return context

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                accepted, _ = self._listener.accept()
                self.connections += 1
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.append(accepted)
                self._start(self._serve, accepted)

    def _serve(self, accepted: socket.socket) -> None:
        connection = SSL.Connection(self._context, accepted)
        connection.set_accept_state()
        try:
            connection.do_handshake()
            certificate = connection.get_peer_certificate(as_cryptography=True)
            assert certificate is not None
            self.client_certificates.append(certificate.public_bytes(Encoding.DER))
            with self.open_backend() as backend:
                self._relay(connection, accepted, backend)
        except (OSError, SSL.Error):
            pass
        finally:
            with suppress(OSError):
                accepted.shutdown(socket.SHUT_RDWR)
            accepted.close()

    def _relay(
        self, connection: SSL.Connection, accepted: socket.socket, backend: socket.socket
    ) -> None:
        while True:
            ready, _, _ = select.select([accepted, backend], [], [])
            if accepted in ready:
                data = connection.recv(65536)
                self.bytes_received += len(data)
                backend.sendall(data)
            if backend in ready:
                data = backend.recv(65536)
                if not data:
                    connection.shutdown()
                    return
                connection.sendall(data)


@contextmanager
def scripted_peer(
    certificates: MeshCertificates, script: Script, alpn: bytes = b"h2"
) -> Iterator[TlsFront]:
    """A peer whose HTTP/2 side is a function on a plain socket, closed when the function ends."""

    def open_backend() -> socket.socket:
        ours, its = socket.socketpair()

        def run() -> None:
            with its, suppress(OSError):
                script(its)

        threading.Thread(target=run, daemon=True).start()
        return ours

    front = TlsFront(certificates, open_backend, alpn)
    try:
        yield front
    finally:
        front.close()


@dataclass
class MeshPeer(marble_pb2_grpc.MarbleServicer):
    """A mesh API that answers every activation with what ``answer`` returns or raises."""

    answer: Answer
    requests: list[marble_pb2.ActivationReq] = field(default_factory=list)
    remaining_times: list[float] = field(default_factory=list)
    front: TlsFront = field(init=False)

    def Activate(  # noqa: N802  (gRPC's name)
        self, request: marble_pb2.ActivationReq, context: grpc.ServicerContext
    ) -> marble_pb2.ActivationResp:
        self.requests.append(request)
        self.remaining_times.append(context.time_remaining())
        try:
            return self.answer(request)
        except CallRefusedError as refusal:
            _abort(context, refusal)

    @property
    def address(self) -> str:
        return self.front.address

    def last_client_certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.front.client_certificates[-1])


def _abort(context: grpc.ServicerContext, refusal: CallRefusedError) -> Never:
    context.abort(refusal.code, refusal.details)
    raise AssertionError("abort returned")


@contextmanager
def mesh_peer(
    certificates: MeshCertificates, answer: Answer, directory: Path, port: int = 0
) -> Iterator[MeshPeer]:
    """A mesh API served by grpcio behind the TLS front."""
    peer = MeshPeer(answer)
    inner = str(directory / "grpc.sock")
    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.max_send_message_length", 1 << 25)])
    marble_pb2_grpc.add_MarbleServicer_to_server(peer, server)
    server.add_insecure_port(f"unix:{inner}")
    server.start()

    def open_backend() -> socket.socket:
        backend = socket.socket(socket.AF_UNIX)
        backend.connect(inner)
        return backend

    peer.front = TlsFront(certificates, open_backend, port=port)
    try:
        yield peer
    finally:
        peer.front.close()
        server.stop(None).wait()
