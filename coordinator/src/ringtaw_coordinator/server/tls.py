"""TLS that asks for a client certificate and accepts any, as a machine without I/O.

The quote vouches for a Marble's certificate, and a list of users for a user's: no chain has to be
verified, and certificates that are self-signed, expired or odd in another way must get through.
Neither the standard library's ``ssl`` nor grpcio can ask without verifying; pyOpenSSL can.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key
from OpenSSL import SSL, crypto

from ringtaw_coordinator.core.api import TLSIdentity

MODE_ENABLE_PARTIAL_WRITE: Final = 1
"""SSL_MODE_ENABLE_PARTIAL_WRITE of OpenSSL, which pyOpenSSL sets and does not name. Without it one
write encrypts as many records as it needs: memory is always ready for more."""
RECORD: Final = 16 * 1024
"""Bytes of plaintext in the largest TLS record (RFC 8446 section 5.1)."""
OUTGOING: Final = (4 * 1024, 128 * 1024)
"""Bytes of ciphertext fetched at first and then: mostly there are few."""
CIPHERS_TLS12: Final = b"ECDHE+ECDSA+AESGCM"
CIPHERS_TLS13: Final = b"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"

if TYPE_CHECKING:
    _Selected = bytes | SSL._NoOverlappingProtocols


class TLSError(Exception):
    """The peer does not speak TLS as it should; the text is OpenSSL's reason."""


class TLSClosedError(Exception):
    """The peer has ended the TLS connection in order."""


class ServerTLS:
    """What a server presents and demands. The identity may be replaced while it serves."""

    def __init__(
        self, identity: TLSIdentity, *, alpn: Sequence[bytes], require_client_certificate: bool
    ) -> None:
        self._alpn = tuple(alpn)
        self._verify_mode = SSL.VERIFY_PEER
        if require_client_certificate:
            self._verify_mode |= SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        self.set_identity(identity)

    def set_identity(self, identity: TLSIdentity) -> None:
        """Present ``identity`` on every connection from now on.

        Raises:
            ValueError: A certificate or the key does not parse, or they do not belong together.
        """
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        _harden(context)
        _load(context, identity)
        context.set_verify(self._verify_mode, _accept_any)
        context.set_alpn_select_callback(self._select_protocol)
        self._context = context

    def session(self) -> TLSSession:
        """Begin one connection."""
        return TLSSession(SSL.Connection(self._context))

    def _select_protocol(self, _: SSL.Connection, offered: list[bytes]) -> _Selected:
        for protocol in self._alpn:
            if protocol in offered:
                return protocol
        return SSL.NO_OVERLAPPING_PROTOCOLS


def _harden(context: SSL.Context) -> None:
    """Set what is older than TLS 1.2, stateful or slow to off.

    Of the ciphers ours counts, not the client's order: SHA-256 makes a shorter handshake.
    The groups stay OpenSSL's own: X25519 (also with ML-KEM), P-256 and P-384 among them.
    """
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(CIPHERS_TLS12)
    context.set_tls13_ciphersuites(CIPHERS_TLS13)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    context.clear_mode(MODE_ENABLE_PARTIAL_WRITE)


def _load(context: SSL.Context, identity: TLSIdentity) -> None:
    leaf, *others = (x509.load_der_x509_certificate(der) for der in identity.chain)
    key = load_der_private_key(identity.private_key, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != leaf.public_key():
        raise ValueError("the TLS identity needs an EC key that belongs to its first certificate")
    context.use_certificate(leaf)
    for certificate in others:
        context.add_extra_chain_cert(certificate)
    context.use_privatekey(key)


def _accept_any(
    _: SSL.Connection, certificate: crypto.X509, error: int, depth: int, ok: int
) -> bool:
    return True


class TLSSession:
    """The server's end of one connection: ciphertext in, plaintext out, and the other way."""

    __slots__ = ("_connection", "peer_certificate")

    def __init__(self, connection: SSL.Connection) -> None:
        connection.set_accept_state()
        self._connection = connection
        self.peer_certificate = b""
        """DER, as soon as the handshake is done; empty if the peer has none."""

    def receive(self, ciphertext: bytes | memoryview) -> None:
        """Take what came from the network."""
        self._connection.bio_write(ciphertext)

    def handshake(self) -> bool:
        """Go on with the handshake; return whether it is done.

        Raises:
            TLSError: It failed.
        """
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return False
        except SSL.Error as error:
            raise TLSError(_reason(error)) from None
        certificate = self._connection.get_peer_certificate()
        if certificate is not None:
            self.peer_certificate = crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
        return True

    def read(self) -> bytes:
        """Return the next plaintext, at most one record; empty when more has to be received.

        Raises:
            TLSClosedError: The peer has said goodbye.
            TLSError: The record is not authentic or out of place.
        """
        try:
            return self._connection.recv(RECORD)
        except SSL.WantReadError:
            return b""
        except SSL.ZeroReturnError:
            raise TLSClosedError from None
        except SSL.Error as error:
            raise TLSError(_reason(error)) from None

    def write(self, plaintext: bytes | bytearray | memoryview) -> None:
        """Encrypt all of ``plaintext``; it is ready to be sent at once.

        Raises:
            TLSError: The connection is past sending.
        """
        try:
            self._connection.send(plaintext)
        except SSL.Error as error:
            raise TLSError(_reason(error)) from None

    def close(self) -> None:
        """Say goodbye, if there is still somebody to say it to."""
        with suppress(SSL.Error):  # not beyond the handshake, or broken: TCP's end must do
            self._connection.shutdown()

    def outgoing(self) -> bytes:
        """Return what has to be sent to the network; empty when there is nothing."""
        chunks: list[bytes] = []
        size, more = OUTGOING
        with suppress(SSL.WantReadError):
            while not chunks or len(chunks[-1]) == size:
                size = more if chunks else size
                chunks.append(self._connection.bio_read(size))
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def free(self) -> None:
        """Give OpenSSL's memory back at once, not when Python finds that nobody needs it."""
        del self._connection


def _reason(error: SSL.Error) -> str:
    """OpenSSL's own words; there may be none."""
    entries = error.args[0] if error.args else None
    if isinstance(entries, list) and entries:
        return str(entries[-1][-1])
    return "unexpected end"
