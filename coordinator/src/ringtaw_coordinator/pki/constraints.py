"""Extensions of certificate authorities: where they publish, and what they may issue.

Source: RFC 5280, sections 4.2.1.10, 4.2.1.13 and 4.2.2.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from ringtaw_coordinator.manifest.model import CertificateTemplate, Names


def authority_extensions(
    template: CertificateTemplate,
) -> Iterator[tuple[x509.ExtensionType, bool]]:
    """Yield those of the extensions that the template has something for, and if it is critical."""
    access = [
        *(_access(AuthorityInformationAccessOID.OCSP, url) for url in template.ocsp_servers),
        *(_access(AuthorityInformationAccessOID.CA_ISSUERS, url) for url in template.issuer_urls),
    ]
    if access:
        yield x509.AuthorityInformationAccess(access), False
    if template.crl_urls:
        yield x509.CRLDistributionPoints([_point(url) for url in template.crl_urls]), False
    permitted, excluded = list(_names(template.permitted)), list(_names(template.excluded))
    if permitted or excluded:
        constraints = x509.NameConstraints(permitted or None, excluded or None)
        yield constraints, template.are_constraints_critical


def _access(method: x509.ObjectIdentifier, url: str) -> x509.AccessDescription:
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(url))


def _point(url: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)


def _names(names: Names) -> Iterator[x509.GeneralName]:
    yield from map(x509.DNSName, names.dns_domains)
    yield from (x509.IPAddress(ip_network(text)) for text in names.ip_ranges)
    yield from map(x509.RFC822Name, names.email_addresses)
    yield from map(x509.UniformResourceIdentifier, names.uri_domains)
