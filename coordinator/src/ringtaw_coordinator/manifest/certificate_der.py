"""Certificate templates taken from a certificate, as Go programs write them into manifests."""

from __future__ import annotations

from typing import Final, TypeVar

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from ringtaw_coordinator.manifest.authority_der import access_urls, constrained_names, crl_urls
from ringtaw_coordinator.manifest.model import CertificateTemplate, Name

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_EXTENDED_USAGES: Final = {
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: 0,
    ExtendedKeyUsageOID.SERVER_AUTH: 1,
    ExtendedKeyUsageOID.CLIENT_AUTH: 2,
    ExtendedKeyUsageOID.CODE_SIGNING: 3,
    ExtendedKeyUsageOID.EMAIL_PROTECTION: 4,
    ExtendedKeyUsageOID.TIME_STAMPING: 8,
    ExtendedKeyUsageOID.OCSP_SIGNING: 9,
}
"""Go's numbers; other usages are kept by their object identifiers."""
_KEPT: Final = (
    x509.SubjectAlternativeName,
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.CertificatePolicies,
    x509.AuthorityInformationAccess,
    x509.CRLDistributionPoints,
    x509.NameConstraints,
)
_OF_KEYS: Final = (x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier)
"""These follow from the keys, which are others."""
_NAMED: Final = {
    NameOID.COUNTRY_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.LOCALITY_NAME,
    NameOID.STATE_OR_PROVINCE_NAME,
    NameOID.STREET_ADDRESS,
    NameOID.POSTAL_CODE,
    NameOID.COMMON_NAME,
    NameOID.SERIAL_NUMBER,
}


def template_of(certificate: x509.Certificate) -> CertificateTemplate:
    """Return a template with the certificate's fields; the key and what signs it are left out.

    Raises:
        ValueError: An extension does not parse, or a template cannot hold it.
    """
    _require_known_extensions(certificate)
    names = _extension(certificate, x509.SubjectAlternativeName)
    usages = list(_extension(certificate, x509.ExtendedKeyUsage) or ())
    basic = _extension(certificate, x509.BasicConstraints)
    access = _extension(certificate, x509.AuthorityInformationAccess)
    constraints = _extension(certificate, x509.NameConstraints)
    return CertificateTemplate(
        subject=_name(certificate.subject),
        not_after=certificate.not_valid_after_utc,
        dns_names=_texts(names, x509.DNSName) or None,
        ip_addresses=_texts(names, x509.IPAddress) or None,
        email_addresses=_texts(names, x509.RFC822Name),
        uris=_texts(names, x509.UniformResourceIdentifier),
        key_usage=_key_usage(_extension(certificate, x509.KeyUsage)),
        ext_key_usage=tuple(_EXTENDED_USAGES[u] for u in usages if u in _EXTENDED_USAGES) or None,
        unknown_ext_key_usage=tuple(u.dotted_string for u in usages if u not in _EXTENDED_USAGES),
        policy_identifiers=_policies(_extension(certificate, x509.CertificatePolicies)),
        ocsp_servers=access_urls(access, AuthorityInformationAccessOID.OCSP),
        issuer_urls=access_urls(access, AuthorityInformationAccessOID.CA_ISSUERS),
        crl_urls=crl_urls(_extension(certificate, x509.CRLDistributionPoints)),
        permitted=constrained_names(constraints.permitted_subtrees if constraints else None),
        excluded=constrained_names(constraints.excluded_subtrees if constraints else None),
        are_constraints_critical=_is_critical(certificate, x509.NameConstraints),
        is_ca=basic is not None and basic.ca,
        max_path_len=basic.path_length if basic else None,
    )


def _require_known_extensions(certificate: x509.Certificate) -> None:
    try:
        extensions = list(certificate.extensions)
    except x509.DuplicateExtension as error:
        raise ValueError(f"holds a certificate with an extension twice: {error}") from None
    for extension in extensions:
        if not isinstance(extension.value, (*_KEPT, *_OF_KEYS)):
            oid = extension.oid.dotted_string
            raise ValueError(f"holds a certificate with the extension {oid}, which cannot be kept")


def _is_critical(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> bool:
    return any(e.critical for e in certificate.extensions if isinstance(e.value, kind))


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _name(name: x509.Name) -> Name:
    def values(oid: x509.ObjectIdentifier) -> tuple[str, ...]:
        return tuple(str(attribute.value) for attribute in name.get_attributes_for_oid(oid))

    return Name(
        country=values(NameOID.COUNTRY_NAME),
        organization=values(NameOID.ORGANIZATION_NAME),
        organizational_unit=values(NameOID.ORGANIZATIONAL_UNIT_NAME),
        locality=values(NameOID.LOCALITY_NAME),
        province=values(NameOID.STATE_OR_PROVINCE_NAME),
        street_address=values(NameOID.STREET_ADDRESS),
        postal_code=values(NameOID.POSTAL_CODE),
        common_name=next(iter(values(NameOID.COMMON_NAME)), ""),
        serial_number=next(iter(values(NameOID.SERIAL_NUMBER)), ""),
        extra=tuple(
            (attribute.oid.dotted_string, str(attribute.value))
            for attribute in name
            if attribute.oid not in _NAMED
        ),
    )


def _texts(
    names: x509.SubjectAlternativeName | None, kind: type[x509.GeneralName]
) -> tuple[str, ...]:
    return tuple(str(name.value) for name in names or () if isinstance(name, kind))


def _key_usage(usage: x509.KeyUsage | None) -> int | None:
    if usage is None:
        return None
    bits = (
        usage.digital_signature,
        usage.content_commitment,
        usage.key_encipherment,
        usage.data_encipherment,
        usage.key_agreement,
        usage.key_cert_sign,
        usage.crl_sign,
        usage.key_agreement and usage.encipher_only,
        usage.key_agreement and usage.decipher_only,
    )
    return sum(bit << position for position, bit in enumerate(bits)) or None


def _policies(policies: x509.CertificatePolicies | None) -> tuple[str, ...]:
    return tuple(policy.policy_identifier.dotted_string for policy in policies or ())
