"""What the servers present in TLS."""

from __future__ import annotations

from ringtaw_coordinator.core.api import TLSIdentity
from ringtaw_coordinator.pki.encoding import CERTIFICATE, to_pem
from ringtaw_coordinator.state.model import Deployment


def mesh_identity(deployment: Deployment) -> TLSIdentity:
    """Return the Marble root with the intermediate's key.

    Intermediate and root follow, so that a Marble that pins the root sees that the root has
    certified this key.
    """
    intermediate = deployment.intermediate
    chain = (intermediate.marble_root, intermediate.certificate, deployment.root.certificate)
    return TLSIdentity(chain, intermediate.private_key)


def client_identity(deployment: Deployment) -> TLSIdentity:
    """Return the root: it alone is the identity of the deployment towards clients."""
    return TLSIdentity((deployment.root.certificate,), deployment.root.private_key)


def certificate_chain(deployment: Deployment) -> str:
    """Return the certificates that clients ask for beside a quote: PEM, intermediate first."""
    certificates = (deployment.intermediate.certificate, deployment.root.certificate)
    return "".join(to_pem(CERTIFICATE, certificate) for certificate in certificates)
