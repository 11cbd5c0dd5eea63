"""What a deployment becomes under a new manifest."""

from __future__ import annotations

import os
from dataclasses import replace

from ringtaw_coordinator.core.founding import sign_manifest
from ringtaw_coordinator.core.shared_secrets import check_certificates, renewed_secrets
from ringtaw_coordinator.manifest.model import Manifest
from ringtaw_coordinator.pki.authority import renew_intermediate
from ringtaw_coordinator.pki.secret import SecretIssuer
from ringtaw_coordinator.state.model import ROOT_SECRET_BYTES, Deployment


def renew(deployment: Deployment, old: Manifest, raw: bytes, new: Manifest) -> Deployment:
    """Return the deployment with another manifest in force.

    The root stays, and with it the identity of the deployment; so do counts and counters. Nobody
    can go back to the old intermediate, whose key is gone.

    Raises:
        ManifestError: A secret's certificate cannot be made as the manifest describes it.
    """
    intermediate = renew_intermediate(deployment.root, deployment.intermediate)
    issuer = SecretIssuer(intermediate)
    check_certificates(new, issuer)
    secrets = renewed_secrets(deployment, old, new, issuer)
    renewed = replace(
        deployment,
        intermediate=intermediate,
        manifest=raw,
        manifest_signature=sign_manifest(raw, deployment.root),
        secrets=secrets.current,
        previous_secrets=secrets.previous,
        package_versions={},
        proposal=None,
    )
    if not new.config.rotate_root_secret:
        return renewed
    return replace(
        renewed,
        root_secret=os.urandom(ROOT_SECRET_BYTES),
        previous_root_secret=deployment.root_secret,
    )
