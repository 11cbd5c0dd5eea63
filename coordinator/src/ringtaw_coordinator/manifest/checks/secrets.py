"""Secrets: what cannot be generated, and what should not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.model import Manifest, SecretDefinition, SecretType
from ringtaw_coordinator.manifest.report import Report

MAX_DERIVED_BITS: Final = 65_280
"""HKDF-SHA256 gives at most 255 blocks of 32 bytes (RFC 5869, section 2.3)."""
_GOOD_RSA_BITS: Final = 2048


def check_secrets(document: Node, manifest: Manifest, report: Report) -> None:
    """Sizes and validity are ones that can be had."""
    for name, secret in manifest.secrets.items():
        node = document.entries("Secrets")[name]
        _check_size(node, secret, report)
        _check_validity(node, secret, report)
        if "Cert" in node.members and not secret.type.is_certificate:
            report.warning(node.members["Cert"], f"has no effect: a {secret.type} has none")


def _check_size(node: Node, secret: SecretDefinition, report: Report) -> None:
    if secret.user_defined or secret.size is None:
        return
    at = node.members["Size"]
    derived = secret.type is SecretType.SYMMETRIC_KEY and not secret.shared
    if derived and secret.size > MAX_DERIVED_BITS:
        hint = "larger ones can be Shared or UserDefined"
        report.error(at, f"a private symmetric key has at most {MAX_DERIVED_BITS:,} bits", hint)
    if secret.type is SecretType.CERT_RSA and secret.size < _GOOD_RSA_BITS:
        report.warning(at, f"an RSA key of less than {_GOOD_RSA_BITS} bits is weak")


def _check_validity(node: Node, secret: SecretDefinition, report: Report) -> None:
    if secret.certificate.not_after is None:
        return
    at = node.members["Cert"]
    if secret.valid_for and isinstance(at.value, dict):
        report.error(node, "has both ValidFor and Cert.NotAfter", "leave one of them out")
    if secret.certificate.not_after < datetime.now(UTC):
        report.warning(at, "NotAfter has passed: no certificate can be made")
