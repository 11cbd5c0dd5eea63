"""Whether somebody is a Marble of a deployment: TLS with a certificate its Coordinator issued.

The Coordinator has judged the Marble's evidence before it issued the certificate, so that whoever
trusts the Coordinator and its manifest needs nothing else.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ringtaw_client._connection import open_connection
from ringtaw_client._deadline import Deadline
from ringtaw_client._text import printable
from ringtaw_client._tls import NAME_MISMATCHES
from ringtaw_client.address import Address
from ringtaw_client.checks import Check
from ringtaw_client.errors import EvidenceRejectedError, NameMismatchError, PolicyMismatchError
from ringtaw_client.identity import CoordinatorIdentity
from ringtaw_client.limits import Limits
from ringtaw_client.marble_evidence import MarbleEvidence, check_chain
from ringtaw_client.presented import peer_chain

if TYPE_CHECKING:
    from cryptography import x509

MARBLE_TYPE_OID: Final = "1.3.9903.2.1"
"""Extension that holds a Marble's type in UTF-8, without ASN.1 (MarbleRun)."""
_HINT: Final = "is the address right, and does the Marble serve TLS there?"


@dataclass(frozen=True, slots=True)
class VerifiedMarble:
    """A Marble at the other end of a connection; ``checks`` say how that is known."""

    uuid: str
    marble_type: str
    evidence: MarbleEvidence
    checks: tuple[Check, ...]

    @property
    def certificate(self) -> bytes:
        """The Marble's own certificate, DER."""
        return self.evidence.chain[0]


def verify_marble(
    address: str,
    identity: CoordinatorIdentity,
    *,
    marble_type: str = "",
    server_name: str = "",
    limits: Limits = Limits(),  # noqa: B008 - immutable
) -> VerifiedMarble:
    """Connect to a Marble and check that the Coordinator issued its certificate.

    ``identity`` is the Coordinator's, with the current intermediate certificate if Marbles that
    were activated under former manifests shall not do. ``server_name`` stands for the address's
    host, where the certificate is for another.

    Raises:
        EvidenceRejectedError: It is no Marble of this deployment; NameMismatchError: nor of this
            name.
        PolicyMismatchError: It is of another type, or of a former manifest.
        UnreachableError: Nobody answers with TLS.
        InputError: The address or the name is none.
    """
    parsed = Address.parse(address)
    name = Address.parse(server_name).host if server_name else parsed.host
    deadline = Deadline(limits.total_timeout)
    connect = _Connect(identity, name, f"https://{parsed}")
    with open_connection(parsed, connect, limits, deadline, _HINT) as connection:
        presented = peer_chain(connection)
    found = f"a certificate of it for {name}"
    chain = Check("marble-certificate", f"of the root {identity.fingerprint}", found, True)
    evidence = MarbleEvidence.of(str(parsed), name, marble_type, presented)
    return _judged(_read(evidence, chain), identity, marble_type, f"https://{parsed}")


def verify_marble_offline(
    evidence: MarbleEvidence,
    identity: CoordinatorIdentity,
    at: datetime,
    *,
    marble_type: str = "",
    where: str = "",
) -> VerifiedMarble:
    """Judge again what a Marble presented, at a time with a time zone.

    That whoever presented it has its key was seen when it was verified, and is not in the evidence.
    ``marble_type`` is by default the one that was demanded then.

    Raises:
        EvidenceRejectedError: It is no Marble of this Coordinator, or was none at that time;
            NameMismatchError: nor of the recorded name.
        PolicyMismatchError: It is of another type, or of a former manifest.
    """
    where = where or f"https://{evidence.address}"
    chain = check_chain(evidence, identity, at, where)
    wanted = marble_type or evidence.marble_type
    return _judged(_read(evidence, chain), identity, wanted, where)


@dataclass(frozen=True, slots=True)
class _Connect:
    """Makes TLS that only a certificate of the root passes, for a name."""

    identity: CoordinatorIdentity
    name: str
    where: str

    def __call__(self, tcp: socket.socket) -> ssl.SSLSocket:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.load_verify_locations(cadata=self.identity.chain_pem)
        try:
            return tls.wrap_socket(tcp, server_hostname=self.name)
        except ssl.SSLCertVerificationError as error:
            if error.verify_code in NAME_MISMATCHES:
                raise NameMismatchError(
                    f"the Marble's certificate is not for {self.name}",
                    where=self.where,
                    hint="names come from EDG_MARBLE_DNS_NAMES when a Marble is activated",
                ) from None
            raise EvidenceRejectedError(
                f"this is no Marble of the deployment: {error.verify_message}",
                where=self.where,
                hint=f"its certificate must lead to the root {self.identity.fingerprint}",
            ) from None


def _read(evidence: MarbleEvidence, chain: Check) -> VerifiedMarble:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    parsed = x509.load_der_x509_certificate(evidence.chain[0])
    names = parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    uuid = printable(str(names[0].value)) if names else ""
    return VerifiedMarble(uuid, _type(parsed), evidence, (chain,))


def _type(certificate: x509.Certificate) -> str:
    """Return the Marble's type, "" if the certificate names none."""
    from cryptography import x509

    try:
        extension = certificate.extensions.get_extension_for_oid(
            x509.ObjectIdentifier(MARBLE_TYPE_OID)
        )
    except x509.ExtensionNotFound:
        return ""
    value = extension.value
    content = value.value if isinstance(value, x509.UnrecognizedExtension) else b""
    return printable(content.decode("utf-8", "replace"))


def _judged(
    marble: VerifiedMarble, identity: CoordinatorIdentity, wanted: str, where: str
) -> VerifiedMarble:
    checks = list(marble.checks)
    if identity.intermediate:
        issuer = CoordinatorIdentity(identity.intermediate)
        current = issuer.has_issued(marble.certificate)
        found = "issued under it" if current else "issued under a former one"
        checks.append(Check("marble-manifest", "issued under the current manifest", found, current))
    expected = wanted or "some type"
    ok = bool(marble.marble_type) and marble.marble_type == (wanted or marble.marble_type)
    checks.append(Check("marble-type", expected, marble.marble_type or "none", ok))
    failed = [check for check in checks if not check.ok]
    if failed:
        raise PolicyMismatchError(
            f"this is not the Marble that is wanted: {'; '.join(map(str, failed))}",
            where=where,
            hint="restart it, if it was activated before an update of the manifest",
            checks=checks,
        )
    return replace(marble, checks=tuple(checks))
