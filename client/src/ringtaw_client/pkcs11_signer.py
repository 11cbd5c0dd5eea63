"""Signatures for TLS that a token makes, each verified before it leaves."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

from ringtaw_client.errors import ClientError, InputError
from ringtaw_client.pkcs11_token import Token

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

CURVES: Final = {"secp256r1": b"prime256v1", "secp384r1": b"secp384r1", "secp521r1": b"secp521r1"}
"""Curves of TLS 1.3 (RFC 8446, section 4.2.3), and OpenSSL's names of them."""


class TokenSigner(ABC):
    """A key in a token; see :class:`ringtaw_client.pkcs11_operations.Signer`."""

    kind: bytes
    group: bytes
    max_size: int
    identities: frozenset[bytes]

    def __init__(self, token: Token, key: Any, bits: int) -> None:
        self.bits = bits
        self.failure: ClientError | None = None
        """Why the last signature was not made."""
        self._token = token
        self._key = key
        self._lock = threading.Lock()

    def sign(self, digest: bytes, hash_name: str) -> bytes:
        """Return RSA-PSS with a salt as long as the digest, or ECDSA in DER.

        Raises:
            InputError: The token does not sign, or with another key than the certificate's.
        """
        self.failure = None
        try:
            with self._lock, self._token.errors("the token does not sign"):
                signature = self._make(digest, hash_name.upper())
            self._check(signature, digest, hash_name.upper())
        except ClientError as error:
            self.failure = error
            raise
        return signature

    def _check(self, signature: bytes, digest: bytes, hash_name: str) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes

        try:
            self._verify(signature, digest, getattr(hashes, hash_name)())
        except InvalidSignature:
            raise InputError(
                "the private key in the token is not the certificate's",
                hint="name the key and the certificate of one user",
            ) from None

    @abstractmethod
    def _make(self, digest: bytes, hash_name: str) -> bytes: ...

    @abstractmethod
    def _verify(self, signature: bytes, digest: bytes, algorithm: HashAlgorithm) -> None: ...


class RsaSigner(TokenSigner):
    """An RSA key."""

    kind = b"RSA"
    group = b""

    def __init__(self, token: Token, key: Any, public: RSAPublicKey) -> None:
        super().__init__(token, key, public.key_size)
        self.max_size = (public.key_size + 7) // 8
        self.identities = frozenset({public.public_numbers().n.to_bytes(self.max_size, "big")})
        self._public = public

    def _make(self, digest: bytes, hash_name: str) -> bytes:
        from pkcs11 import MGF, Mechanism

        parameters = (Mechanism[hash_name], MGF[hash_name], len(digest))
        signature = self._key.sign(
            digest, mechanism=Mechanism.RSA_PKCS_PSS, mechanism_param=parameters
        )
        return bytes(signature)

    def _verify(self, signature: bytes, digest: bytes, algorithm: HashAlgorithm) -> None:
        from cryptography.hazmat.primitives.asymmetric import padding, utils

        pss = padding.PSS(padding.MGF1(algorithm), len(digest))
        self._public.verify(signature, digest, pss, utils.Prehashed(algorithm))


class EcSigner(TokenSigner):
    """A key on an elliptic curve."""

    kind = b"EC"

    def __init__(self, token: Token, key: Any, public: EllipticCurvePublicKey) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        super().__init__(token, key, public.key_size)
        self.group = CURVES[public.curve.name]
        self.max_size = 2 * ((public.key_size + 7) // 8) + 9
        self.identities = frozenset(
            public.public_bytes(Encoding.X962, form)
            for form in (PublicFormat.UncompressedPoint, PublicFormat.CompressedPoint)
        )
        self._public = public

    def _make(self, digest: bytes, hash_name: str) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
        from pkcs11 import Mechanism

        raw = self._key.sign(digest, mechanism=Mechanism.ECDSA)
        middle = len(raw) // 2
        return encode_dss_signature(
            int.from_bytes(raw[:middle], "big"), int.from_bytes(raw[middle:], "big")
        )

    def _verify(self, signature: bytes, digest: bytes, algorithm: HashAlgorithm) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        self._public.verify(signature, digest, ec.ECDSA(utils.Prehashed(algorithm)))


def token_signer(token: Token, key: Any, public: object) -> TokenSigner:
    """Return the signer for a certificate's public key.

    Raises:
        InputError: TLS 1.3 has no use for such a key.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if isinstance(public, rsa.RSAPublicKey):
        return RsaSigner(token, key, public)
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in CURVES:
        return EcSigner(token, key, public)
    raise InputError(
        "the certificate's key is of no kind that a token signs with in TLS 1.3",
        hint="use RSA, or one of the curves P-256, P-384, P-521",
    )
