"""The pinned certificate: is this the Coordinator that the user meant?

A Coordinator presents its *Marble root* certificate on the mesh API. Ours adds the intermediate
certificate, which has the same key and is signed by the root, and the root: so a pinned root, which
never changes, can be checked too. A MarbleRun Coordinator presents the Marble root alone, which
changes with every update of the manifest.

Loading an X.509 library takes long; only those who pin pay for it.
"""

from __future__ import annotations

import ssl
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ringtaw_premain._parse import MAX_PIN_FILE, Pin
from ringtaw_premain.errors import PeerError
from ringtaw_premain.identity import sha256

_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"


def read_pin(path: str) -> Pin:
    """Read the one certificate of a PEM file.

    Raises:
        ValueError: The file cannot be read or holds anything else than one certificate.
    """
    try:
        with open(path, encoding="ascii") as file:
            text = file.read(MAX_PIN_FILE)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read {path!r}: {error}") from None
    if text.count(_BEGIN) != 1 or text.count(_END) != 1:
        raise ValueError(f"{path!r} does not hold exactly one certificate in PEM form")
    pem = text[text.index(_BEGIN) : text.index(_END) + len(_END)]
    try:
        certificate = ssl.PEM_cert_to_DER_cert(pem)
        x509.load_der_x509_certificate(certificate)
    except ValueError as error:
        raise ValueError(f"{path!r} holds no valid certificate: {error}") from None
    return Pin(sha256(certificate), certificate)


def check(pin: Pin, chain: list[bytes]) -> None:
    """Check the certificates that the server presented, its own first.

    The handshake has proven that the server holds the key of the first one.

    Raises:
        PeerError: The pinned certificate is neither the first one nor the root that signed an
            intermediate certificate with the same key.
    """
    own, rest = chain[0], chain[1:]
    if sha256(own) == pin.fingerprint:
        return
    root = next((other for other in rest if sha256(other) == pin.fingerprint), pin.certificate)
    if root and any(_vouches(root, other, own) for other in rest):
        return
    raise PeerError(
        "the Coordinator is not the pinned one: it presents the certificate "
        f"sha256:{sha256(own).hex()}",
        hint="a MarbleRun Coordinator can only be pinned by its Marble root certificate, which "
        "changes with every manifest update",
    )


def _vouches(root: bytes, intermediate: bytes, own: bytes) -> bool:
    """Whether the root signed the intermediate CA certificate and that has the server's key."""
    try:
        issuer, middle, server = map(x509.load_der_x509_certificate, (root, intermediate, own))
        middle.verify_directly_issued_by(issuer)
        constraints = middle.extensions.get_extension_for_class(x509.BasicConstraints)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    return constraints.value.ca and _public_key(middle) == _public_key(server)


def _public_key(certificate: x509.Certificate) -> bytes:
    key = certificate.public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
