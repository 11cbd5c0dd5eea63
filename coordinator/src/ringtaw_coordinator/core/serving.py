"""A deployment with its manifest, and all that is computed once for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ringtaw_coordinator.core.ttls import certificates_of
from ringtaw_coordinator.manifest.model import Manifest, Marble, SecretType, TLSTag
from ringtaw_coordinator.pki.encoding import CERTIFICATE, to_pem
from ringtaw_coordinator.pki.marble import MarbleIssuer
from ringtaw_coordinator.pki.secret import SecretIssuer
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.state.model import Deployment
from ringtaw_coordinator.templates import MarbleTemplates


@dataclass(frozen=True, slots=True)
class ServedMarble:
    """A kind of Marble, ready to be activated."""

    definition: Marble
    templates: MarbleTemplates
    tls: tuple[TLSTag, ...]
    tls_secrets: frozenset[str]
    """Names of the secrets that its TLS policy presents as certificates."""
    is_slow: bool
    """Whether an activation generates RSA keys, which takes up to seconds."""


class Authority:
    """The certificates of a deployment in the forms that activations need."""

    def __init__(self, deployment: Deployment) -> None:
        intermediate = deployment.intermediate
        self.marbles = MarbleIssuer(intermediate)
        self.secrets = SecretIssuer(intermediate)
        self.root = to_pem(CERTIFICATE, deployment.root.certificate)
        self.intermediate = to_pem(CERTIFICATE, intermediate.certificate)
        self.marble_root = to_pem(CERTIFICATE, intermediate.marble_root)
        self.template_data = {
            "RootCA": SecretValue(intermediate.marble_root),
            "CoordinatorRoot": SecretValue(deployment.root.certificate),
            "CoordinatorIntermediate": SecretValue(intermediate.certificate),
        }


@dataclass(frozen=True, slots=True)
class Serving:
    """What a Coordinator that accepts Marbles works with; replaced as a whole by every change."""

    deployment: Deployment
    manifest: Manifest
    authority: Authority
    marbles: Mapping[str, ServedMarble]

    def with_deployment(self, deployment: Deployment) -> Serving:
        """Return the same with another state of which only the counts differ."""
        return replace(self, deployment=deployment)


def serve(deployment: Deployment, manifest: Manifest) -> Serving:
    """Compile and load everything.

    Raises:
        TemplateError: A template is mistaken; none is in a manifest that was accepted.
        ValueError: A key or certificate of the deployment does not parse.
    """
    marbles = {
        name: _served_marble(name, marble, manifest) for name, marble in manifest.marbles.items()
    }
    return Serving(deployment, manifest, Authority(deployment), marbles)


def _served_marble(name: str, marble: Marble, manifest: Manifest) -> ServedMarble:
    templates = MarbleTemplates(name, marble.parameters)
    tls = tuple(manifest.tls[tag] for tag in marble.tls)
    tls_secrets = certificates_of(tls)
    used = [
        manifest.secrets[secret]
        for secret in templates.secrets | templates.previous_secrets | tls_secrets
    ]
    is_slow = any(
        secret.type is SecretType.CERT_RSA and not secret.shared and not secret.user_defined
        for secret in used
    )
    return ServedMarble(marble, templates, tls, tls_secrets, is_slow)
