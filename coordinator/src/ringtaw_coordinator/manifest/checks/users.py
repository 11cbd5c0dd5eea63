"""Users and owners of recovery keys."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.model import Manifest
from ringtaw_coordinator.manifest.report import Report
from ringtaw_coordinator.names import quoted

_GOOD_RSA_BITS: Final = 2048
_LEAST_RSA_BITS: Final = 1024


def check_users(document: Node, manifest: Manifest, report: Report) -> None:
    """Roles exist; no two users have the same certificate."""
    roles = document.entries("Roles")
    owners: dict[bytes, str] = {}
    for name, user in manifest.users.items():
        node = document.entries("Users")[name]
        for role in node.array("Roles"):
            if role.value not in roles:
                text = str(role.value)
                report.unknown(role, f"there is no role {quoted(text)}", text, roles)
        owner = owners.setdefault(user.certificate, name)
        if user.certificate and owner != name:
            at = node.members["Certificate"]
            report.error(at, f"is also the certificate of the user {quoted(owner)}")


def check_recovery_keys(document: Node, manifest: Manifest, report: Report) -> None:
    """Keys are long enough to encrypt a recovery secret to, and to be safe."""
    for name, der in manifest.recovery_keys.items():
        key = load_der_public_key(der)
        assert isinstance(key, RSAPublicKey)  # noqa: S101 - no other is in the manifest
        at = document.entries("RecoveryKeys")[name]
        if key.key_size < _LEAST_RSA_BITS:
            report.error(at, f"an RSA key of {key.key_size} bits is too short")
        elif key.key_size < _GOOD_RSA_BITS:
            report.warning(at, f"an RSA key of less than {_GOOD_RSA_BITS} bits is weak")
