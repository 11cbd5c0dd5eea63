"""Fields that all certificates made here have in common."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID

from ringtaw_coordinator.names import quoted

NO_EXPIRATION: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The date of a certificate that has no well-defined expiration (RFC 5280, section 4.1.2.5)."""

LOOPBACK: Final = ("127.0.0.1", "::1")
BOTH_ROLES: Final = x509.ExtendedKeyUsage(
    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
)
SIGNATURE_HASH: Final = hashes.SHA384()
"""For signatures by the Coordinator's keys, all of which are on P-384."""


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a new key on P-384."""
    return ec.generate_private_key(ec.SECP384R1())


def serial_number() -> int:
    """Return a random serial number of up to 128 bits, never 0 (RFC 5280, section 4.1.2.2)."""
    return secrets.randbits(128) or 1


def begin_certificate(
    issuer: x509.Name,
    subject: x509.Name,
    public_key: CertificatePublicKeyTypes,
    not_after: datetime = NO_EXPIRATION,
) -> x509.CertificateBuilder:
    """Return a certificate that begins now, with a random serial number and no extensions yet.

    Raises:
        ValueError: ``not_after`` has passed.
    """
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(public_key)
        .serial_number(serial_number())
        .not_valid_before(datetime.now(UTC))
        .not_valid_after(not_after)
    )


def alternative_names(names: Iterable[str]) -> x509.SubjectAlternativeName:
    """Return the names, and the loopback addresses, as a SAN extension without repetitions.

    A text that parses as an IP address becomes one, all else a DNS name.

    Raises:
        ValueError: A DNS name has characters beyond ASCII.
    """
    return x509.SubjectAlternativeName(
        list(dict.fromkeys(general_name(name) for name in (*names, *LOOPBACK)))
    )


def general_name(name: str) -> x509.DNSName | x509.IPAddress:
    """Return the name as an IP address if it parses as one, else as a DNS name."""
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def object_identifier(dotted: str) -> x509.ObjectIdentifier:
    """Return the OID.

    Raises:
        ValueError: It is none; names it.
    """
    try:
        return x509.ObjectIdentifier(dotted)
    except ValueError:
        raise ValueError(f"{quoted(dotted)} is not an object identifier") from None
