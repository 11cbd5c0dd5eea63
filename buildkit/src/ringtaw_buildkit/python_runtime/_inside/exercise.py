"""Makes the premain's libraries work, so that what they load only then is seen to be needed.

Run twice: when modules are traced, and in the finished runtime, which must have them all.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from ringtaw_premain import _pin, _private_file, _tls
from ringtaw_premain._parse import alternative_names
from ringtaw_premain.errors import PeerError
from ringtaw_premain.hookspecs import Adapter, RuntimeHooks
from ringtaw_premain.identity import Identity, create_identity
from ringtaw_premain.runtime import connect, load_reference


def exercise(adapters: Mapping[str, str]) -> None:
    """Speak TLS with an identity of its own, check pins, load the adapters."""
    names = alternative_names("localhost,127.0.0.1")
    identity, other = create_identity(names), create_identity(names)
    _shake_hands(identity)
    _check_pin(identity.certificate, other.certificate)
    for name, reference in adapters.items():
        adapter = load_reference(name, reference)
        assert isinstance(adapter, Adapter)  # noqa: S101 - for the type checker
        connect(name, str(adapter.runtime), RuntimeHooks)


def _check_pin(own: bytes, other: bytes) -> None:
    """Go all the way that a pinned root takes; at its end this one is not a CA."""
    with _private_file.written(ssl.DER_cert_to_PEM_cert(own).encode()) as path:
        pin = _pin.read_pin(path)
    _pin.check(pin, [own])
    try:
        _pin.check(pin, [other, own])
    except PeerError:
        return
    raise SystemExit("exercise: a pin that is not the peer's was accepted")


def _shake_hands(identity: Identity) -> None:
    """Shake hands with ourselves in memory, both sides with the same certificate."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = _tls.client_context(identity)
    client = context.wrap_bio(to_client, to_server, server_hostname=b"localhost")
    server = _server_context(identity).wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    spoken = (client.version(), client.selected_alpn_protocol(), client.getpeercert(True))
    if spoken != ("TLSv1.3", "h2", identity.certificate):
        raise SystemExit("exercise: TLS 1.3 does not work in this interpreter")


def _server_context(identity: Identity) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2"])
    passphrase = _private_file.random_passphrase()
    certificate = ssl.DER_cert_to_PEM_cert(identity.certificate).encode()
    with _private_file.written(certificate + identity.encrypted_private_key(passphrase)) as path:
        context.load_cert_chain(path, password=passphrase)
    return context
