"""What happens when the first manifest is set."""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ringtaw_coordinator.core.shared_secrets import check_certificates, first_secrets
from ringtaw_coordinator.core.update_log import log_entry
from ringtaw_coordinator.manifest.model import Manifest
from ringtaw_coordinator.pki.authority import KeyedCertificate, load_signing_key
from ringtaw_coordinator.pki.secret import SecretIssuer
from ringtaw_coordinator.state.model import Deployment


def found(deployment: Deployment, raw: bytes, manifest: Manifest) -> Deployment:
    """Return the deployment with its first manifest, signed, and its secrets.

    Neither root nor intermediate change: clients may have read them before.

    Raises:
        ManifestError: A secret's certificate cannot be made as the manifest describes it.
    """
    issuer = SecretIssuer(deployment.intermediate)
    check_certificates(manifest, issuer)
    return replace(
        deployment,
        manifest=raw,
        manifest_signature=sign_manifest(raw, deployment.root),
        secrets=first_secrets(manifest, issuer),
        activations={},
        update_log=(log_entry("Initial manifest set"),),
    )


def sign_manifest(raw: bytes, root: KeyedCertificate) -> bytes:
    """Return the root key's signature (ECDSA, DER) over the SHA-256 of a manifest."""
    return load_signing_key(root.private_key).sign(raw, ec.ECDSA(hashes.SHA256()))
