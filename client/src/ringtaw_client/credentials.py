"""What a client proves who it is with: a certificate and the use of its key.

A Coordinator knows users by their very certificate, and Marbles by one that it issued.
"""

from __future__ import annotations

import secrets
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ringtaw_client._files import read_file
from ringtaw_client._keys import Password, load_private_key
from ringtaw_client.errors import InputError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes


class Credential(Protocol):
    """Something that can be presented in TLS; a key may be elsewhere, in a token for example."""

    def install(self, context: ssl.SSLContext) -> None:
        """Make a context present the certificate.

        Raises:
            InputError: TLS does not take it.
        """
        ...


@dataclass(frozen=True, slots=True)
class UserCredential:
    """A certificate chain in PEM, leaf first, and the leaf's key in memory.

    Python's TLS reads keys from files only. What lies in a file for that moment is encrypted with
    a password that never leaves the memory, and readable for its owner alone.
    """

    certificates: bytes
    _key: PrivateKeyTypes = field(repr=False)

    @classmethod
    def from_files(
        cls, certificate: Path, key: Path, password: Password | None = None
    ) -> UserCredential:
        """Read PEM files, which may be one and the same.

        Raises:
            InputError: One cannot be read, or see :meth:`from_pem`.
        """
        certificates = read_file(certificate)
        _leaf(certificates, str(certificate))
        return cls.from_pem(certificates, read_file(key), password, name=str(key))

    @classmethod
    def from_pem(
        cls, certificates: bytes, key: bytes, password: Password | None = None, *, name: str = "key"
    ) -> UserCredential:
        """Take PEM; the key is PKCS #8, PKCS #1 or SEC 1, encrypted or not. ``name`` is for errors.

        Raises:
            InputError: It is no certificate or key, they do not belong together, or the password
                is wrong or missing.
        """
        leaf = _leaf(certificates)
        private = load_private_key(key, password, name)
        if leaf.public_key() != private.public_key():
            raise InputError(
                f"{name} is not the key of the certificate", hint="give the files of one user"
            )
        return cls(certificates, private)

    def install(self, context: ssl.SSLContext) -> None:
        """Make a context present the certificate; see :class:`Credential`."""
        from cryptography.hazmat.primitives.serialization import (
            BestAvailableEncryption,
            Encoding,
            PrivateFormat,
        )

        password = secrets.token_hex(32)
        encrypted = self._key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode())
        )
        with tempfile.NamedTemporaryFile(prefix="ringtaw-") as file:  # mode 0600
            file.write(encrypted + b"\n" + self.certificates)
            file.flush()
            try:
                context.load_cert_chain(file.name, password=password)
            except OSError as error:  # ssl.SSLError too
                reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
                raise InputError(f"TLS does not take the certificate and key: {reason}") from None


def _leaf(pem: bytes, name: str = "the user certificate") -> x509.Certificate:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except ValueError:
        raise InputError(
            f"{name} is no certificate in PEM", hint="give a user's certificate, then its key"
        ) from None
