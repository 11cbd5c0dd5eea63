"""Certificates of secrets, as a manifest describes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from ringtaw_coordinator.manifest.model import CertificateTemplate, SecretDefinition
from ringtaw_coordinator.pki.authority import (
    Intermediate,
    key_identifier_of_issuer,
    load_signing_key,
)
from ringtaw_coordinator.pki.constraints import authority_extensions
from ringtaw_coordinator.pki.fields import (
    LOOPBACK,
    NO_EXPIRATION,
    SIGNATURE_HASH,
    begin_certificate,
    object_identifier,
)
from ringtaw_coordinator.pki.subject import distinguished_name
from ringtaw_coordinator.pki.usage import (
    CLIENT_AUTH,
    DIGITAL_SIGNATURE,
    KEY_CERT_SIGN,
    SERVER_AUTH,
    extended_key_usage,
    key_usage,
)

DEFAULT_COMMON_NAME: Final = "MarbleRun Generated Certificate"
DEFAULT_DNS_NAMES: Final = ("localhost",)
DEFAULT_DAYS: Final = 365

Extension = tuple[x509.ExtensionType, bool]
"""An extension and whether it is critical."""


class SecretIssuer:
    """Issues the certificates of secrets; all chain to the Marble root."""

    def __init__(self, intermediate: Intermediate) -> None:
        issuer = x509.load_der_x509_certificate(intermediate.marble_root)
        self._key = load_signing_key(intermediate.private_key)
        self._issuer = issuer.subject
        self._issuer_identifier = key_identifier_of_issuer(issuer)

    def issue(self, definition: SecretDefinition, public_key: CertificatePublicKeyTypes) -> bytes:
        """Return the certificate (DER) of a secret's public key.

        Raises:
            ValueError: The manifest describes a certificate that cannot be made.
        """
        template = definition.certificate
        subject = distinguished_name(template.subject, _common_name(template))
        builder = begin_certificate(self._issuer, subject, public_key, _not_after(definition))
        for extension, critical in _extensions(template, public_key):
            builder = builder.add_extension(extension, critical)
        builder = builder.add_extension(self._issuer_identifier, critical=False)
        return builder.sign(self._key, SIGNATURE_HASH).public_bytes(Encoding.DER)


def _dns_names(template: CertificateTemplate) -> tuple[str, ...]:
    return DEFAULT_DNS_NAMES if template.dns_names is None else template.dns_names


def _common_name(template: CertificateTemplate) -> str:
    if template.subject.common_name:
        return template.subject.common_name
    names = _dns_names(template)
    return names[0] if len(names) == 1 else DEFAULT_COMMON_NAME


def _not_after(definition: SecretDefinition) -> datetime:
    now = datetime.now(UTC)
    if definition.certificate.not_after is None:
        days = definition.valid_for or DEFAULT_DAYS
        return NO_EXPIRATION if days > (NO_EXPIRATION - now).days else now + timedelta(days)
    if definition.certificate.not_after <= now:
        raise ValueError(f"NotAfter {definition.certificate.not_after.isoformat()} has passed")
    return definition.certificate.not_after


def _extensions(
    template: CertificateTemplate, public_key: CertificatePublicKeyTypes
) -> Iterator[Extension]:
    if template.max_path_len is not None and not template.is_ca:
        raise ValueError("MaxPathLen is only possible with IsCA")
    yield x509.BasicConstraints(template.is_ca, template.max_path_len), True
    usage = template.key_usage
    yield key_usage(DIGITAL_SIGNATURE | KEY_CERT_SIGN if usage is None else usage), True
    codes = template.ext_key_usage
    codes = (SERVER_AUTH, CLIENT_AUTH) if codes is None else codes
    if codes or template.unknown_ext_key_usage:
        yield extended_key_usage(codes, template.unknown_ext_key_usage), False
    names = list(_alternative_names(template))
    if names:
        yield x509.SubjectAlternativeName(names), False
    if template.policy_identifiers:
        yield _policies(template), False
    yield from authority_extensions(template)
    if template.subject_key_id:
        yield x509.SubjectKeyIdentifier(template.subject_key_id), False
    else:
        yield x509.SubjectKeyIdentifier.from_public_key(public_key), False


def _alternative_names(template: CertificateTemplate) -> Iterator[x509.GeneralName]:
    yield from (x509.DNSName(name) for name in _dns_names(template))
    addresses = LOOPBACK if template.ip_addresses is None else template.ip_addresses
    yield from (x509.IPAddress(ip_address(address)) for address in addresses)
    yield from (x509.RFC822Name(address) for address in template.email_addresses)
    yield from (x509.UniformResourceIdentifier(uri) for uri in template.uris)


def _policies(template: CertificateTemplate) -> x509.CertificatePolicies:
    return x509.CertificatePolicies(
        [
            x509.PolicyInformation(object_identifier(oid), None)
            for oid in dict.fromkeys(template.policy_identifiers)
        ]
    )
