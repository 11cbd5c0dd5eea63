"""What happens when the first manifest is set: checks that need keys, and shared secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ringtaw_coordinator.errors import ManifestError, Problem
from ringtaw_coordinator.manifest.model import Manifest, SecretDefinition
from ringtaw_coordinator.manifest.pointer import pointer
from ringtaw_coordinator.pki.authority import load_signing_key
from ringtaw_coordinator.pki.secret import SecretIssuer
from ringtaw_coordinator.secrets.generate import generate
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.state.model import Deployment


def found(deployment: Deployment, raw: bytes, manifest: Manifest) -> Deployment:
    """Return the deployment with its first manifest, signed, and its secrets.

    Neither root nor intermediate change: clients may have read them before.

    Raises:
        ManifestError: A secret's certificate cannot be made as the manifest describes it.
    """
    issuer = SecretIssuer(deployment.intermediate)
    _check_certificates(manifest, issuer)
    root_key = load_signing_key(deployment.root.private_key)
    return replace(
        deployment,
        manifest=raw,
        manifest_signature=root_key.sign(raw, ec.ECDSA(hashes.SHA256())),
        secrets=dict(_initial_secrets(manifest, issuer)),
        activations={},
        update_log=(log_entry("Initial manifest set"),),
    )


def log_entry(update: str) -> str:
    """Return an entry of the update log: a JSON object with the time, to the millisecond."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": now, "update": update})


def _check_certificates(manifest: Manifest, issuer: SecretIssuer) -> None:
    """Find at once what would otherwise fail when a Marble needs a private certificate."""
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


def _initial_secrets(manifest: Manifest, issuer: SecretIssuer) -> Iterator[tuple[str, SecretValue]]:
    for name, definition in manifest.secrets.items():
        if definition.user_defined:
            value = _initial_value(definition)
            if value != SecretValue():
                yield name, value
        elif definition.shared:
            yield name, _generate(name, definition, issuer)


def _initial_value(definition: SecretDefinition) -> SecretValue:
    return SecretValue(
        definition.initial_certificate, definition.initial_public, definition.initial_private
    )


def _generate(name: str, definition: SecretDefinition, issuer: SecretIssuer) -> SecretValue:
    try:
        return generate(definition, issuer)
    except ValueError as error:
        raise ManifestError([Problem(pointer("Secrets", name), str(error))]) from None
