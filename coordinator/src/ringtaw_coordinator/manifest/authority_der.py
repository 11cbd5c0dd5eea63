"""What a certificate says of revocation, and which names it may issue others for.

Source: RFC 5280, sections 4.2.1.10, 4.2.1.13 and 4.2.2.1.

What a template cannot hold is refused: a certificate without it would promise more, or less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from ringtaw_coordinator.manifest.model import Names

_FIELDS: Final = {
    x509.DNSName: "dns_domains",
    x509.IPAddress: "ip_ranges",
    x509.RFC822Name: "email_addresses",
    x509.UniformResourceIdentifier: "uri_domains",
}


def access_urls(
    access: x509.AuthorityInformationAccess | None, method: x509.ObjectIdentifier
) -> tuple[str, ...]:
    """Return where one method of access leads.

    Raises:
        ValueError: There is another method than OCSP and the issuer's certificate, or no URL.
    """
    known = (AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS)
    for description in access or ():
        if description.access_method not in known:
            raise ValueError("holds a certificate with an access method that cannot be kept")
    found = [entry.access_location for entry in access or () if entry.access_method == method]
    return tuple(_urls(found))


def crl_urls(points: x509.CRLDistributionPoints | None) -> tuple[str, ...]:
    """Return where revocation lists are.

    Raises:
        ValueError: One is for some reasons only, of another issuer, or has no URL.
    """
    found: list[str] = []
    for point in points or ():
        if point.full_name is None or point.reasons or point.crl_issuer:
            raise ValueError("holds a certificate with a CRL distribution point of an unusual kind")
        found += _urls(point.full_name)
    return tuple(found)


def constrained_names(names: Iterable[x509.GeneralName] | None) -> Names:
    """Return the names that a constraint permits or excludes.

    Raises:
        ValueError: There are names of other kinds than a template has.
    """
    fields: dict[str, list[str]] = {field: [] for field in _FIELDS.values()}
    for name in names or ():
        if type(name) not in _FIELDS:
            raise ValueError("holds a certificate with a name constraint of an unusual kind")
        fields[_FIELDS[type(name)]].append(str(name.value))
    return Names(**{field: tuple(values) for field, values in fields.items()})


def _urls(names: Iterable[x509.GeneralName]) -> Iterator[str]:
    for name in names:
        if not isinstance(name, x509.UniformResourceIdentifier):
            raise ValueError("holds a certificate that names a service without a URL")
        yield name.value
