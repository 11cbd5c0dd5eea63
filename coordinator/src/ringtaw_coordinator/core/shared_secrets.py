"""Secrets that are kept: how they begin, and what an update of the manifest does to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

from ringtaw_coordinator.errors import ManifestError, Problem
from ringtaw_coordinator.manifest.model import Manifest, SecretDefinition
from ringtaw_coordinator.manifest.pointer import pointer
from ringtaw_coordinator.pki.secret import SecretIssuer
from ringtaw_coordinator.secrets.generate import generate
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.state.model import Deployment

EMPTY = SecretValue()


@dataclass(frozen=True, slots=True)
class KeptSecrets:
    """Values by name, and those from before where they differ."""

    current: Mapping[str, SecretValue] = field(repr=False)
    previous: Mapping[str, SecretValue] = field(repr=False)


def check_certificates(manifest: Manifest, issuer: SecretIssuer) -> None:
    """Find at once what would otherwise fail when a Marble needs a private certificate.

    Raises:
        ManifestError: A secret's certificate cannot be made as the manifest describes it.
    """
    public_key = ec.generate_private_key(ec.SECP256R1()).public_key()
    problems = []
    for name, definition in manifest.secrets.items():
        if not definition.type.is_certificate or definition.user_defined:
            continue
        try:
            issuer.issue(definition, public_key)
        except ValueError as error:
            problems.append(Problem(pointer("Secrets", name, "Cert"), str(error)))
    if problems:
        raise ManifestError(problems)


def first_secrets(manifest: Manifest, issuer: SecretIssuer) -> dict[str, SecretValue]:
    """Return what a deployment begins with.

    Raises:
        ManifestError: A secret cannot be made.
    """
    nothing = KeptSecrets({}, {})
    return _valued(
        (name, _renewed(name, definition, None, nothing, issuer, rotate=False)[0])
        for name, definition in manifest.secrets.items()
    )


def reissued_certificates(
    deployment: Deployment, manifest: Manifest, issuer: SecretIssuer
) -> dict[str, SecretValue]:
    """Return the secrets with new shared key pairs and certificates; all others stay.

    Raises:
        ManifestError: A certificate cannot be made any more.
    """
    secrets = dict(deployment.secrets)
    for name, definition in manifest.secrets.items():
        if _is_generated(definition) and definition.type.is_certificate:
            secrets[name] = _make(name, definition, issuer)
    return secrets


def renewed_secrets(
    deployment: Deployment, old: Manifest, new: Manifest, issuer: SecretIssuer
) -> KeptSecrets:
    """Return the secrets as they are under a new manifest.

    Certificates are made anew, symmetric keys if their definition has changed or the manifest
    rotates them; what users have uploaded stays unless its definition has changed.

    Raises:
        ManifestError: A secret cannot be made.
    """
    kept = KeptSecrets(deployment.secrets, deployment.previous_secrets)
    rotate = new.config.rotate_root_secret
    values = {
        name: _renewed(name, definition, old.secrets.get(name), kept, issuer, rotate=rotate)
        for name, definition in new.secrets.items()
    }
    return KeptSecrets(
        _valued((name, current) for name, (current, _) in values.items()),
        _valued((name, previous) for name, (_, previous) in values.items()),
    )


def _renewed(
    name: str,
    definition: SecretDefinition,
    before: SecretDefinition | None,
    kept: KeptSecrets,
    issuer: SecretIssuer,
    *,
    rotate: bool,
) -> tuple[SecretValue, SecretValue]:
    """Return the current value and the previous one; empty where there is none to keep."""
    value = kept.current.get(name, EMPTY)
    if definition.user_defined:
        return (value if definition == before else _initial_value(definition)), EMPTY
    if not definition.shared:
        return EMPTY, EMPTY
    if definition.type.is_certificate:
        is_successor = before and _is_generated(before) and before.type is definition.type
        return _make(name, definition, issuer), value if is_successor else EMPTY
    if definition != before:
        return _make(name, definition, issuer), EMPTY
    if rotate:
        return _make(name, definition, issuer), value
    return value, kept.previous.get(name, EMPTY)


def _is_generated(definition: SecretDefinition) -> bool:
    return definition.shared and not definition.user_defined


def _initial_value(definition: SecretDefinition) -> SecretValue:
    return SecretValue(
        definition.initial_certificate, definition.initial_public, definition.initial_private
    )


def _make(name: str, definition: SecretDefinition, issuer: SecretIssuer) -> SecretValue:
    try:
        return generate(definition, issuer)
    except ValueError as error:
        raise ManifestError([Problem(pointer("Secrets", name), str(error))]) from None


def _valued(values: Iterator[tuple[str, SecretValue]]) -> dict[str, SecretValue]:
    return {name: value for name, value in values if value != EMPTY}
