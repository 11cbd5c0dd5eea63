"""TLS to somebody unknown, and TLS to one Coordinator and nobody else."""

from __future__ import annotations

import hashlib
import socket
import ssl
from typing import Final

from ringtaw_client._connection import open_connection
from ringtaw_client._deadline import Deadline
from ringtaw_client.address import Address
from ringtaw_client.credentials import Credential
from ringtaw_client.errors import ClientError, IdentityChangedError, NameMismatchError
from ringtaw_client.identity import CoordinatorIdentity
from ringtaw_client.limits import Limits

NAME_MISMATCHES: Final = frozenset({62, 64})
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL's x509_vfy.h."""


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


class UnknownPeer:
    """Whoever answers: what comes over this must be proved by other means before it is believed."""

    def __init__(self, address: Address) -> None:
        self._host = address.host
        self._tls = _context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE

    def connect(self, tcp: socket.socket) -> ssl.SSLSocket:
        """Make TLS of a TCP connection."""
        return self._tls.wrap_socket(tcp, server_hostname=self._host)


class PinnedPeer:
    """The Coordinator with this root certificate, by a name that must be in its certificate."""

    def __init__(
        self,
        address: Address,
        identity: CoordinatorIdentity,
        credential: Credential | None,
        server_name: str,
        limits: Limits,
    ) -> None:
        self._address = address
        self._identity = identity
        self._server_name = server_name
        self._limits = limits
        self._tls = _context()
        self._tls.load_verify_locations(cadata=identity.root)
        if credential is not None:
            credential.install(self._tls)

    def connect(self, tcp: socket.socket) -> ssl.SSLSocket:
        """Make TLS of a TCP connection.

        Raises:
            IdentityChangedError: The peer is somebody else.
            NameMismatchError: The peer is the Coordinator, but has another name.
        """
        try:
            connection = self._tls.wrap_socket(tcp, server_hostname=self._server_name)
        except ssl.SSLCertVerificationError as error:
            if error.verify_code in NAME_MISMATCHES:
                raise self._name_mismatch() from None
            raise self._identity_changed(error.verify_message, self._presented()) from None
        self._refuse_others(connection)
        return connection

    def _refuse_others(self, connection: ssl.SSLSocket) -> None:
        """Refuse who presents a certificate that the root issued: a Marble, of any name it chose.

        A Coordinator presents the root certificate itself.
        """
        certificate = connection.getpeercert(binary_form=True) or b""
        if certificate != self._identity.root:
            connection.close()
            reason = "it was issued by the root, as those of Marbles are"
            raise self._identity_changed(reason, hashlib.sha256(certificate).hexdigest())

    def _name_mismatch(self) -> ClientError:
        names = ", ".join(self._identity.names) or "no name at all"
        return NameMismatchError(
            f"the Coordinator's certificate is for {names}, not for {self._server_name}",
            where=f"https://{self._address}",
            hint="use one of these names, as the address or as the server's name; names are set "
            "with EDG_COORDINATOR_DNS_NAMES before a Coordinator's first start",
        )

    def _identity_changed(self, reason: str, found: str) -> ClientError:
        return IdentityChangedError(
            "whoever answers is not the Coordinator that is trusted: its root certificate has "
            f"SHA-256 {self._identity.fingerprint}, presented is one with {found or 'unknown'} "
            f"({reason})",
            where=f"https://{self._address}",
            hint="verify the Coordinator anew and accept its new identity only if you know why it "
            "changed: it was set up anew, or waits for recovery; else somebody is in between",
            expected=self._identity.fingerprint,
            found=found,
        )

    def _presented(self) -> str:
        """Ask once more, only to say who answers; return SHA-256 of the certificate in hex."""
        connect = UnknownPeer(self._address).connect
        deadline = Deadline(self._limits.connect_timeout)
        try:
            with open_connection(self._address, connect, self._limits, deadline, "") as connection:
                return hashlib.sha256(connection.getpeercert(binary_form=True) or b"").hexdigest()
        except (OSError, ClientError):
            return ""
