"""Credentials and recovery keys in PKCS #11 tokens: the key signs in the token, and stays there.

::

    config = TokenConfig.from_file(Path("pkcs11.json"))
    alice = TokenCredential.open(config, ObjectName(label="alice"), ObjectName(label="alice-cert"))
    coordinator = verified.connect(alice)

Needs python-pkcs11 (``pip install 'ringtaw-client[pkcs11]'``). Mechanisms of the standard: keys of
users need CKM_RSA_PKCS_PSS or CKM_ECDSA, recovery keys CKM_RSA_PKCS and CKM_RSA_PKCS_OAEP.
"""

from __future__ import annotations

import hashlib
import ssl
import tempfile
from typing import TYPE_CHECKING, Any, Final

from ringtaw_client._keys import Password
from ringtaw_client.errors import InputError
from ringtaw_client.pkcs11_config import TokenConfig
from ringtaw_client.pkcs11_signer import TokenSigner, token_signer
from ringtaw_client.pkcs11_token import ObjectName, Token

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["ObjectName", "TokenConfig", "TokenCredential", "TokenRecoveryKey"]

SHA256_DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")
"""What precedes a SHA-256 digest in PKCS #1 v1.5: RFC 8017, section 9.2, note 1."""
OTHER_KEY: Final = "it is encrypted to another key, or damaged"
CANNOT: Final = (
    "the token cannot do OAEP with SHA-256, as SoftHSM up to 2.7 cannot: decrypt with a copy of "
    "the key elsewhere; the token can sign what is decrypted"
)
CANNOT_ERRORS: Final = ("ArgumentsBad", "MechanismInvalid", "MechanismParamInvalid")
"""By python-pkcs11's names: a token says in these ways that it does not know a mechanism."""


class TokenCredential:
    """A user's certificate and key in a token; see :class:`ringtaw_client.Credential`."""

    def __init__(self, certificate: x509.Certificate, signer: TokenSigner) -> None:
        self._certificate = certificate
        self._signer = signer

    @classmethod
    def open(
        cls,
        config: TokenConfig,
        key: ObjectName,
        certificate: ObjectName,
        pin: Password | None = None,
    ) -> TokenCredential:
        """Log in and find key and certificate. ``pin`` asks for the PIN if the file has none.

        Raises:
            InputError: There is no such module, token, key or certificate, or more than one; the
                PIN is wrong or missing; TLS 1.3 has no use for the key.
        """
        from cryptography import x509

        token = Token.open(config, pin)
        private = token.private_key(key)
        try:
            found = x509.load_der_x509_certificate(token.certificate(certificate))
        except ValueError:
            raise InputError(
                f"the certificate with {certificate} in {config.token} is none of X.509"
            ) from None
        return cls(found, token_signer(token, private, found.public_key()))

    def install(self, context: ssl.SSLContext) -> None:
        """Make a context present the certificate.

        Raises:
            InputError: TLS does not take it.
        """
        from cryptography.hazmat.primitives.serialization import Encoding

        from ringtaw_client.pkcs11_provider import key_pem

        pem = key_pem(self._signer) + self._certificate.public_bytes(Encoding.PEM)
        with tempfile.NamedTemporaryFile(prefix="ringtaw-") as file:
            file.write(pem)
            file.flush()
            try:
                context.load_cert_chain(file.name)
            except OSError as error:  # ssl.SSLError too
                reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
                raise InputError(f"TLS does not take the token's certificate: {reason}") from None
        context.sslsocket_class = _socket_class(self._signer)


class TokenRecoveryKey:
    """The private half of a recovery key in a token; see :class:`ringtaw_client.RecoveryKey`."""

    def __init__(self, token: Token, key: Any) -> None:
        self._token = token
        self._key = key

    @classmethod
    def open(
        cls, config: TokenConfig, key: ObjectName, pin: Password | None = None
    ) -> TokenRecoveryKey:
        """Log in and find the key. ``pin`` asks for the PIN if the file has none.

        Raises:
            InputError: There is no such module, token or key, or more than one; the PIN is wrong or
                missing; the key is no RSA key.
        """
        token = Token.open(config, pin)
        private = token.private_key(key)
        with token.errors("the type of the key cannot be read"):
            kind = private.key_type.name
        if kind != "RSA":
            raise InputError(
                f"{config.token}: the private key with {key} is no RSA key",
                hint="recovery keys are RSA keys",
            )
        return cls(token, private)

    def decrypt(self, encrypted: bytes) -> bytes:
        """Return the secret that was returned for this key when the manifest was set.

        Raises:
            InputError: It is another key's, or the token cannot do OAEP with SHA-256.
        """
        from pkcs11 import MGF, Mechanism

        hints = dict.fromkeys(CANNOT_ERRORS, CANNOT)
        with self._token.errors("the recovery secret is not decrypted", OTHER_KEY, hints):
            secret = self._key.decrypt(
                encrypted,
                mechanism=Mechanism.RSA_PKCS_OAEP,
                mechanism_param=(Mechanism.SHA256, MGF.SHA256, None),
            )
        return bytes(secret)

    def sign(self, secret: bytes) -> bytes:
        """Return the owner's signature over a secret in plain.

        Raises:
            InputError: The token does not sign.
        """
        from pkcs11 import Mechanism

        digest_info = SHA256_DIGEST_INFO + hashlib.sha256(secret).digest()
        with self._token.errors("the recovery secret is not signed"):
            return bytes(self._key.sign(digest_info, mechanism=Mechanism.RSA_PKCS))


def _socket_class(signer: TokenSigner) -> type[ssl.SSLSocket]:
    """Return sockets that say what a token said when a handshake failed for it."""

    class TokenSocket(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            try:
                super().do_handshake(block)
            except ssl.SSLError:
                if signer.failure is not None:
                    raise signer.failure from None
                raise

    return TokenSocket
