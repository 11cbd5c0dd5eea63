"""Certificate templates in the JSON form of Go's x509.Certificate.

Source: https://pkg.go.dev/crypto/x509#Certificate
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.model import CertificateTemplate, Name
from ringtaw_coordinator.manifest.name_constraints import ascii_name, constraints
from ringtaw_coordinator.manifest.report import Report
from ringtaw_coordinator.manifest.scalars import bytes_of, checked_oid, object_identifier, time
from ringtaw_coordinator.manifest.uri import uri

_NAME_FIELDS: Final = {
    "Country": NameOID.COUNTRY_NAME,
    "Organization": NameOID.ORGANIZATION_NAME,
    "OrganizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "Locality": NameOID.LOCALITY_NAME,
    "Province": NameOID.STATE_OR_PROVINCE_NAME,
    "StreetAddress": NameOID.STREET_ADDRESS,
    "PostalCode": NameOID.POSTAL_CODE,
    "CommonName": NameOID.COMMON_NAME,
    "SerialNumber": NameOID.SERIAL_NUMBER,
}
_PRINTABLE: Final = re.compile(r"[A-Za-z0-9 '()+,\-./:=?]*")
_ASCII: Final = re.compile(r"[\x00-\x7f]*")
_ALLOWED: Final = {
    NameOID.COUNTRY_NAME: _PRINTABLE,
    NameOID.JURISDICTION_COUNTRY_NAME: _PRINTABLE,
    NameOID.SERIAL_NUMBER: _PRINTABLE,
    NameOID.DN_QUALIFIER: _PRINTABLE,
    NameOID.EMAIL_ADDRESS: _ASCII,
    NameOID.DOMAIN_COMPONENT: _ASCII,
}
"""Parts of names that are no UTF8String (RFC 5280, appendix A)."""


def build_template(node: Node, report: Report) -> CertificateTemplate:
    """Return the template; values that no certificate can hold go to ``report``."""
    return _Template(node, report).build()


class _Template:
    def __init__(self, node: Node, report: Report) -> None:
        self._node = node
        self._report = report

    def build(self) -> CertificateTemplate:
        node = self._node
        return CertificateTemplate(
            subject=self._name(node.get("Subject") or Node({})),
            not_after=self._report.parsed(node.get("NotAfter"), lambda n: time(str(n.value))),
            dns_names=self._optional("DNSNames", _dns_name),
            ip_addresses=self._optional("IPAddresses", _ip_address),
            email_addresses=self._each("EmailAddresses", _email_address),
            uris=self._each("URIs", uri),
            key_usage=self._report.parsed(node.get("KeyUsage"), _key_usage),
            ext_key_usage=self._codes("ExtKeyUsage"),
            unknown_ext_key_usage=self._each("UnknownExtKeyUsage", object_identifier),
            policy_identifiers=self._policies(),
            subject_key_id=self._report.parsed(node.get("SubjectKeyId"), bytes_of) or b"",
            ocsp_servers=self._each("OCSPServer", _url),
            issuer_urls=self._each("IssuingCertificateURL", _url),
            crl_urls=self._each("CRLDistributionPoints", _url),
            permitted=constraints(node, "Permitted", self._report),
            excluded=constraints(node, "Excluded", self._report),
            are_constraints_critical=node.flag("PermittedDNSDomainsCritical"),
            is_ca=node.flag("IsCA"),
            max_path_len=self._max_path_len(),
        )

    def _each(self, key: str, parse: Callable[[Node], str]) -> tuple[str, ...]:
        parsed = (self._report.parsed(element, parse) for element in self._node.array(key))
        return tuple(value for value in parsed if value is not None)

    def _optional(self, key: str, parse: Callable[[Node], str]) -> tuple[str, ...] | None:
        return None if self._node.get(key) is None else self._each(key, parse)

    def _codes(self, key: str) -> tuple[int, ...] | None:
        codes = [node.value for node in self._node.array(key) if isinstance(node.value, int)]
        return tuple(codes) or None

    def _policies(self) -> tuple[str, ...]:
        dotted = self._each("Policies", lambda node: checked_oid(str(node.value)))
        return self._each("PolicyIdentifiers", object_identifier) + dotted

    def _max_path_len(self) -> int | None:
        """Follow Go: 0 counts only with MaxPathLenZero, -1 never, and only a CA has one."""
        length = self._node.number("MaxPathLen") or 0
        if length < 0 or (length == 0 and not self._node.flag("MaxPathLenZero")):
            return None
        if not self._node.flag("IsCA"):
            at = self._node.get("MaxPathLen") or self._node
            self._report.error(at, "only a CA (IsCA: true) has a path length")
        return length

    def _name(self, node: Node) -> Name:
        def texts(key: str) -> tuple[str, ...]:
            for element in node.array(key):
                self._check_attribute(element, _NAME_FIELDS[key], str(element.value))
            return node.texts(key)

        def text(key: str) -> str:
            if (member := node.get(key)) is not None:
                self._check_attribute(member, _NAME_FIELDS[key], str(member.value))
            return node.text(key)

        return Name(
            country=texts("Country"),
            organization=texts("Organization"),
            organizational_unit=texts("OrganizationalUnit"),
            locality=texts("Locality"),
            province=texts("Province"),
            street_address=texts("StreetAddress"),
            postal_code=texts("PostalCode"),
            common_name=text("CommonName"),
            serial_number=text("SerialNumber"),
            extra=tuple(filter(None, map(self._extra, node.array("ExtraNames")))),
        )

    def _extra(self, node: Node) -> tuple[str, str] | None:
        oid = self._report.parsed(node.get("Type"), object_identifier)
        if oid is None:
            return None
        self._check_attribute(node, x509.ObjectIdentifier(oid), node.text("Value"))
        return oid, node.text("Value")

    def _check_attribute(self, node: Node, kind: x509.ObjectIdentifier, value: str) -> None:
        allowed = _ALLOWED.get(kind)
        if allowed is not None and not allowed.fullmatch(value):
            message = "has characters that this part of a name cannot hold"
            self._report.error(node, message)
            return
        try:
            x509.NameAttribute(kind, value)
        except ValueError as error:  # Go makes such a certificate, and many programs take it
            self._report.warning(node, f"is not what X.520 allows: {error}")


def _dns_name(node: Node) -> str:
    name = str(node.value)
    if not name or not name.isascii() or not name.isprintable() or " " in name:
        raise ValueError("is no DNS name in ASCII (use xn--… for others)")
    return name


def _ip_address(node: Node) -> str:
    try:
        if "%" in str(node.value):
            raise ValueError  # a zone is a matter of one machine
        return str(ip_address(str(node.value)))
    except ValueError:
        raise ValueError("is no IP address") from None


def _url(node: Node) -> str:
    return ascii_name(node, "URL")


def _email_address(node: Node) -> str:
    try:
        return x509.RFC822Name(str(node.value)).value
    except ValueError:
        raise ValueError("is no e-mail address in ASCII") from None


def _key_usage(node: Node) -> int:
    mask = node.value if isinstance(node.value, int) else 0
    try:
        x509.KeyUsage(*(bool(mask & 1 << bit) for bit in range(9)))
    except ValueError:
        raise ValueError("has encipherOnly or decipherOnly without keyAgreement (16)") from None
    return mask
