"""A deployment with its manifest, and all that is computed once for them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ringtaw_coordinator.core.api import StoredManifest
from ringtaw_coordinator.core.ttls import certificates_of
from ringtaw_coordinator.core.users import Users
from ringtaw_coordinator.errors import FeatureError
from ringtaw_coordinator.manifest.model import (
    FeatureGate,
    Manifest,
    Marble,
    SecretDefinition,
    SecretType,
    TLSTag,
)
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
    secrets: frozenset[str]
    """Names of all the secrets that an activation needs."""
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
    """The effective one: with the SecurityVersions that updates of packages have raised."""
    authority: Authority
    marbles: Mapping[str, ServedMarble]
    marbles_by_secret: Mapping[str, tuple[str, ...]]
    """Names of the Marbles that use a secret."""
    users: Users
    stored: StoredManifest
    """As it was submitted."""

    def with_deployment(self, deployment: Deployment) -> Serving:
        """Return the same with another state under the same manifest and authority."""
        return replace(self, deployment=deployment)

    def with_packages(self, deployment: Deployment) -> Serving:
        """Return the same after an update of packages, which has changed the authority, too."""
        manifest = effective(self.manifest, deployment)
        return replace(
            self, deployment=deployment, manifest=manifest, authority=Authority(deployment)
        )

    def is_same_version(self, other: Serving) -> bool:
        """Return whether no update lies between the two: each makes a new Marble root."""
        return self.deployment.intermediate == other.deployment.intermediate


def require_feature(serving: Serving | None, gate: FeatureGate) -> None:
    """Return if there is a manifest in force, and it enables a feature.

    Raises:
        FeatureError: It does not.
    """
    if serving is None or gate not in serving.manifest.config.feature_gates:
        raise FeatureError(f"the manifest in force does not have the feature gate {gate}")


def serve(deployment: Deployment, manifest: Manifest) -> Serving:
    """Compile and load everything.

    Raises:
        TemplateError: A template is mistaken; none is in a manifest that was accepted.
        ValueError: A key or certificate of the deployment does not parse.
    """
    marbles = {
        name: _served_marble(name, marble, manifest) for name, marble in manifest.marbles.items()
    }
    return Serving(
        deployment,
        effective(manifest, deployment),
        Authority(deployment),
        marbles,
        _by_secret(marbles),
        Users(manifest),
        _stored(deployment),
    )


def effective(manifest: Manifest, deployment: Deployment) -> Manifest:
    """Return the manifest with the SecurityVersions that updates of packages have raised."""
    packages = dict(manifest.packages)
    for name, version in deployment.package_versions.items():
        packages[name] = replace(packages[name], security_version=version)
    return replace(manifest, packages=packages)


def _stored(deployment: Deployment) -> StoredManifest:
    fingerprint = hashlib.sha256(deployment.manifest).hexdigest()
    return StoredManifest(deployment.manifest, fingerprint, deployment.manifest_signature)


def _served_marble(name: str, marble: Marble, manifest: Manifest) -> ServedMarble:
    templates = MarbleTemplates(name, marble.parameters)
    tls = tuple(manifest.tls[tag] for tag in marble.tls)
    tls_secrets = certificates_of(tls)
    used = templates.secrets | templates.previous_secrets | tls_secrets
    is_slow = any(_is_private_rsa(manifest.secrets[secret]) for secret in used)
    return ServedMarble(marble, templates, tls, tls_secrets, used, is_slow)


def _is_private_rsa(secret: SecretDefinition) -> bool:
    return secret.type is SecretType.CERT_RSA and not secret.shared and not secret.user_defined


def _by_secret(marbles: Mapping[str, ServedMarble]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, marble in marbles.items():
        for secret in marble.secrets:
            found.setdefault(secret, []).append(name)
    return {secret: tuple(names) for secret, names in found.items()}
