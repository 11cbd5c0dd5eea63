"""What a Marble presented when it was verified, and the same judgement over it later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Self

from ringtaw_client._names import is_for, names_of
from ringtaw_client._text import printable
from ringtaw_client.checks import Check
from ringtaw_client.errors import EvidenceRejectedError, NameMismatchError
from ringtaw_client.identity import MAX_CERTIFICATES, CoordinatorIdentity

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True, slots=True)
class MarbleEvidence:
    """Certificates that were presented at an address, and what was demanded of them."""

    address: str
    name: str
    """The DNS name or IP address that the Marble's certificate had to be for."""
    marble_type: str
    """The type that it had to be of; "" admits any."""
    chain: tuple[bytes, ...] = field(repr=False)
    """DER, the Marble's own first, up to 8."""

    @classmethod
    def of(cls, address: str, name: str, marble_type: str, presented: Sequence[bytes]) -> Self:
        """Keep what was presented, as far as it can be read again."""
        own, *others = presented
        readable = [one for one in others if _is_readable(one)]
        return cls(address, name, marble_type, (own, *readable[: MAX_CERTIFICATES - 1]))


def check_chain(
    evidence: MarbleEvidence, identity: CoordinatorIdentity, at: datetime, where: str
) -> Check:
    """Check that a Marble's certificate led to the root at a time, and is for the name.

    Of the certificates in between those are used that were presented, and the current intermediate
    of the Coordinator. Rules are those of RFC 5280, as ``cryptography.x509.verification`` has them.

    Raises:
        EvidenceRejectedError: It did not; NameMismatchError: it is for another name.
    """
    expected = f"of the root {identity.fingerprint}"
    if reason := _why_not(evidence.chain, identity, at):
        raise EvidenceRejectedError(
            f"this is no Marble of the deployment: {reason}",
            where=where,
            hint=f"its certificate must lead to the root {identity.fingerprint}",
            checks=[Check("marble-certificate", expected, reason, False)],
        )
    if not is_for(names_of(evidence.chain[0]), evidence.name):
        raise NameMismatchError(f"the Marble's certificate is not for {evidence.name}", where=where)
    return Check("marble-certificate", expected, f"a certificate of it for {evidence.name}", True)


def _is_readable(certificate: bytes) -> bool:
    from cryptography import x509

    try:
        x509.load_der_x509_certificate(certificate)
    except (ValueError, x509.InvalidVersion):
        return False
    return True


def _why_not(chain: Iterable[bytes], identity: CoordinatorIdentity, at: datetime) -> str:
    """Return why a chain does not lead to the root, "" if it does."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509.verification import VerificationError

    try:
        leaf, *presented = map(x509.load_der_x509_certificate, chain)
        if identity.intermediate:
            presented.append(x509.load_der_x509_certificate(identity.intermediate))
        _verify(leaf, presented, x509.load_der_x509_certificate(identity.root), at)
    except (VerificationError, UnsupportedAlgorithm, x509.InvalidVersion, ValueError) as error:
        return printable(str(error), 300)
    return ""


def _verify(
    leaf: x509.Certificate, issuers: list[x509.Certificate], root: x509.Certificate, at: datetime
) -> None:
    """Find a path; names are looked at elsewhere, as this knows none with an underscore."""
    from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store

    policy = PolicyBuilder().store(Store([root])).time(at)
    policy = policy.extension_policies(
        ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all()
    )
    policy.build_client_verifier().verify(leaf, issuers)
