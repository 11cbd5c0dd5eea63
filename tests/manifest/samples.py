"""Manifests for tests, and what is wrong with them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from ringtaw_coordinator.errors import ManifestError, Problem
from ringtaw_coordinator.manifest.load import LoadedManifest, load_manifest
from ringtaw_coordinator.manifest.model import Manifest

UNIQUE_ID = "5e" * 32
SIGNER_ID = "51" * 32

JSON = dict[str, Any]


def minimal(**sections: Any) -> JSON:
    """Return the smallest manifest there is, with more sections or other ones."""
    package = {"UniqueID": UNIQUE_ID}
    return {"Packages": {"p": package}, "Marbles": {"m": {"Package": "p"}}} | sections


def with_marble(**fields: Any) -> JSON:
    return minimal(Marbles={"m": {"Package": "p", **fields}})


def with_secret(name: str = "s", **definition: Any) -> JSON:
    return minimal(Secrets={name: definition})


def with_cert(**fields: Any) -> JSON:
    return with_secret(Type="cert-ecdsa", Size=256, Cert=fields)


def load(manifest: JSON | bytes) -> LoadedManifest:
    return load_manifest(manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode())


def accepted(manifest: JSON | bytes) -> Manifest:
    """Return a manifest that is to have no warnings either."""
    loaded = load(manifest)
    assert loaded.warnings == ()
    return loaded.manifest


def problems(manifest: JSON | bytes) -> list[Problem]:
    try:
        load(manifest)
    except ManifestError as error:
        return list(error.problems)
    return []


def problem(manifest: JSON | bytes) -> Problem:
    """Return the one problem that a manifest has."""
    (found,) = problems(manifest)
    return found


def warning(manifest: JSON | bytes) -> Problem:
    """Return the one warning about a manifest that is accepted."""
    (found,) = load(manifest).warnings
    return found


@cache
def certificate(name: str = "alice", days: int = 30) -> x509.Certificate:
    """Return a self-signed certificate with a key of its own; same arguments, same bytes."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder(subject, subject, key.public_key(), 7)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days))
        .sign(key, hashes.SHA256())
    )


def user(name: str, *roles: str) -> JSON:
    """Return a user entry; the certificate has expired, which does not matter."""
    return {"Certificate": certificate(name).public_bytes(Encoding.PEM).decode(), "Roles": [*roles]}


@cache
def recovery_key(name: str = "owner", bits: int = 2048) -> str:
    """Return an RSA public key as PEM; same arguments, same key."""
    key = rsa.generate_private_key(65537, bits).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def complete() -> JSON:
    """Return a manifest with every section."""
    manifest: JSON = {
        "Packages": {
            "backend": {
                "UniqueID": UNIQUE_ID.upper(),
                "AcceptedTCBStatuses": ["UpToDate", "ConfigurationNeeded"],
                "AcceptedAdvisories": ["INTEL-SA-00001"],
            },
            "frontend": {"SignerID": SIGNER_ID, "ProductID": 0, "SecurityVersion": 0},
        },
        "Infrastructures": {
            "cloud": {"CPUSVN": list(range(16)), "QESVN": 0, "PCESVN": 7, "RootCA": "AAEC"}
        },
        "Marbles": {
            "server": {
                "Package": "backend",
                "MaxActivations": 3,
                "Parameters": {
                    "Files": {
                        "/etc/key": "{{ raw .Secrets.key }}",
                        "/etc/cert.pem": {
                            "Data": "7b7b7265",
                            "Encoding": "HEX",
                            "NoTemplates": True,
                        },
                        "/etc/empty": "",
                    },
                    "Env": {"TOKEN": "{{ string .Secrets.token }}", "EMPTY": ""},
                    "Argv": ["server", "", "--port=8443"],
                },
                "TLS": ["web"],
                "DisableSecretBinding": True,
            },
            "client": {"Package": "frontend"},
        },
        "Secrets": {
            "key": {"Type": "symmetric-key", "Size": 128},
            "token": {"Type": "plain", "UserDefined": True},
            "cert": {"Type": "cert-ecdsa", "Size": 384, "Shared": True, "ValidFor": 7},
        },
        "Users": {"alice": user("alice", "secrets", "all"), "bob": user("bob", "versions", "all")},
        "Roles": {
            "secrets": {
                "ResourceType": "Secrets",
                "ResourceNames": ["token"],
                "Actions": ["readsecret", "WRITESECRET"],
            },
            "versions": {
                "ResourceType": "Packages",
                "ResourceNames": ["frontend"],
                "Actions": ["UpdateSecurityVersion"],
            },
            "all": {"ResourceType": "Manifest", "Actions": ["updateManifest"]},
        },
        "RecoveryKeys": {"one": recovery_key("one"), "two": recovery_key("two")},
        "TLS": {
            "web": {
                "Outgoing": [{"Addr": "example.org", "Port": "443"}],
                "Incoming": [
                    {"Port": "80"},
                    {"Port": "81", "Cert": "cert", "DisableClientAuth": True},
                ],
            }
        },
        "Config": {
            "SealMode": "UniqueKey",
            "FeatureGates": ["signquoteENDPOINT"],
            "UpdateThreshold": 2,
            "RecoveryThreshold": 2,
            "RotateRootSecret": True,
        },
    }
    return manifest
