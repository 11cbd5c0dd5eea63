"""Definitions of secrets from the manifest's tree."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ringtaw_coordinator.manifest.certificate_der import template_of
from ringtaw_coordinator.manifest.certificate_json import build_template
from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.model import CertificateTemplate, SecretDefinition, SecretType
from ringtaw_coordinator.manifest.report import Report
from ringtaw_coordinator.manifest.scalars import base64_bytes, bytes_of, certificate

_NO_TEMPLATE: Final = CertificateTemplate()


def build_secret(node: Node, report: Report) -> SecretDefinition | None:
    """Return a secret's definition; None if it has no valid type."""
    if not (kind := node.text("Type")):
        return None
    definition = SecretDefinition(
        type=SecretType(kind),
        size=node.number("Size") or None,
        shared=node.flag("Shared"),
        user_defined=node.flag("UserDefined"),
        valid_for=node.number("ValidFor") or 0,
        certificate=_template(node, report),
    )
    if not definition.user_defined:
        return definition
    if definition.type.is_certificate:
        return _with_key_pair(definition, node, report)
    return _with_data(definition, node, report)


def _template(node: Node, report: Report) -> CertificateTemplate:
    cert = node.get("Cert")
    if cert is None:
        return _NO_TEMPLATE
    if isinstance(cert.value, dict):
        return build_template(cert, report)
    if node.flag("UserDefined"):
        return _NO_TEMPLATE
    return report.parsed(cert, lambda text: template_of(_certificate(text))) or _NO_TEMPLATE


def _certificate(node: Node) -> x509.Certificate:
    return certificate(base64_bytes(str(node.value)))


def _with_key_pair(definition: SecretDefinition, node: Node, report: Report) -> SecretDefinition:
    cert = node.get("Cert")
    text = cert if cert is not None and isinstance(cert.value, str) else None
    initial = report.parsed(text, _certificate)
    public = report.parsed(node.get("Public"), bytes_of) or b""
    if initial is not None and not public:
        public = _public_key(initial)
    return replace(
        definition,
        initial_certificate=initial.public_bytes(Encoding.DER) if initial else b"",
        initial_public=public,
        initial_private=report.parsed(node.get("Private"), bytes_of) or b"",
    )


def _public_key(cert: x509.Certificate) -> bytes:
    try:
        key = cert.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return b""  # a key of a kind unknown here; the certificate can be used all the same
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _with_data(definition: SecretDefinition, node: Node, report: Report) -> SecretDefinition:
    """Take the data from either part: for keys and plain data both are the same bytes."""
    public = report.parsed(node.get("Public"), bytes_of) or b""
    private = report.parsed(node.get("Private"), bytes_of) or public
    if public not in (b"", private):
        report.error(node, "Public and Private must be the same for a secret of this type")
    if private and definition.type is SecretType.SYMMETRIC_KEY:
        declared, actual = definition.size or 0, 8 * len(private)
        if declared != actual:
            report.error(node, f"Size declares {declared} bits, but the key given has {actual}")
    return replace(definition, initial_public=private, initial_private=private)
