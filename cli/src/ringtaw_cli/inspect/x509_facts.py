"""What a certificate says, and what that makes it among a Coordinator's certificates."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

MARBLE_TYPE: Final = x509.ObjectIdentifier("1.3.9903.2.1")
"""Extension that holds a Marble's type in UTF-8 (MarbleRun)."""
_MAX_TYPE: Final = 1024
_COORDINATORS: Final = {
    ("MarbleRun Coordinator", True): "Coordinator root",
    ("MarbleRun Coordinator - Intermediate CA", False): "Coordinator intermediate",
    ("MarbleRun Coordinator - Intermediate CA", True): "Marble root",
}
"""By common name, and whether it signs itself: the CA names of MarbleRun and Ringtaw."""


def certificate_facts(certificate: x509.Certificate) -> dict[str, Any]:
    """Return what people look for in a certificate. Nothing is verified."""
    return {
        "role": _role(certificate),
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial_number": f"{certificate.serial_number:x}",
        "not_before": _stamp(certificate.not_valid_before_utc),
        "not_after": _stamp(certificate.not_valid_after_utc),
        "names": _names(certificate),
        "key": _key(certificate),
        "sha256": certificate.fingerprint(hashes.SHA256()).hex(),
        "marble_type": marble_type(certificate),
        "marble_uuid": _common_name(certificate) if marble_type(certificate) is not None else None,
    }


def marble_type(certificate: x509.Certificate) -> str | None:
    """Return the type of a Marble; None if the certificate names none."""
    try:
        extension = certificate.extensions.get_extension_for_oid(MARBLE_TYPE).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return None
    content = extension.value if isinstance(extension, x509.UnrecognizedExtension) else b""
    return content[:_MAX_TYPE].decode("utf-8", "replace")


def _role(certificate: x509.Certificate) -> str:
    if marble_type(certificate) is not None:
        return "Marble"
    if not _is_ca(certificate):
        return "end entity"
    signs_itself = certificate.subject == certificate.issuer
    kind = "root" if signs_itself else "intermediate"
    return _COORDINATORS.get((_common_name(certificate), signs_itself), kind)


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return constraints.value.ca


def _common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return []
    dns, ips = (
        names.get_values_for_type(x509.DNSName),
        names.get_values_for_type(x509.IPAddress),
    )
    return [*dns, *map(str, ips)]


def _key(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except ValueError:
        return "unknown"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA {key.curve.name}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else type(key).__name__


def _stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
