"""Secrets in the hands of users: reading them, and setting those that are user-defined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ringtaw_coordinator.core.api import SecretUpload, StoredSecret
from ringtaw_coordinator.core.rehearsal import rehearse
from ringtaw_coordinator.core.serving import Serving
from ringtaw_coordinator.core.update_log import log_entry
from ringtaw_coordinator.core.users import AuthenticUser
from ringtaw_coordinator.errors import Problem, RequestRefusedError
from ringtaw_coordinator.manifest.model import Action, SecretDefinition, SecretType
from ringtaw_coordinator.names import did_you_mean, quoted
from ringtaw_coordinator.secrets.derive import symmetric
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.state.entries import Entries

_SHOWN_PROBLEMS: Final = 10


def read_secrets(
    serving: Serving, user: AuthenticUser, names: Sequence[str]
) -> dict[str, StoredSecret]:
    """Return secrets that the user may read; one that nobody has set yet has an empty value.

    Raises:
        ForbiddenError: The user may not read all of them.
        RequestRefusedError: One of them does not exist.
    """
    definitions = {name: _definition(serving, name) for name in names}
    user.require(Action.READ_SECRET, definitions)
    values = serving.deployment.secrets
    return {
        name: StoredSecret(definition, values.get(name, SecretValue()))
        for name, definition in definitions.items()
    }


def write_secrets(
    serving: Serving, user: AuthenticUser, uploads: Mapping[str, SecretUpload]
) -> Serving:
    """Return what is served once all these secrets are set.

    Raises:
        ForbiddenError: The user may not write all of them.
        RequestRefusedError: One of them does not exist or does not fit its definition, or a Marble
            could not be activated with it.
    """
    if not uploads:
        raise RequestRefusedError("there is no secret to set")
    definitions = {name: _definition(serving, name) for name in uploads}
    user.require(Action.WRITE_SECRET, definitions)
    values = {name: _value(name, definitions[name], upload) for name, upload in uploads.items()}
    deployment = serving.deployment
    secrets = Entries.of(deployment.secrets).with_entries(values)
    _check_marbles(serving, values, secrets)
    entries = tuple(
        log_entry("Secret set", user=user.name, secret=name, type=definition.type)
        for name, definition in definitions.items()
    )
    changed = replace(deployment, secrets=secrets, update_log=deployment.update_log + entries)
    return serving.with_deployment(changed)


def _definition(serving: Serving, name: str) -> SecretDefinition:
    definitions = serving.manifest.secrets
    if name not in definitions:
        hint = did_you_mean(name, definitions)
        raise RequestRefusedError(
            f"the manifest has no secret {quoted(name)}" + (f": {hint}" if hint else "")
        )
    return definitions[name]


def _value(name: str, definition: SecretDefinition, upload: SecretUpload) -> SecretValue:
    try:
        if definition.type.is_certificate:
            return _key_pair(definition, upload)
        return _data(definition, upload)
    except ValueError as error:
        raise RequestRefusedError(f"the secret {quoted(name)} cannot be set: {error}") from None


def _data(definition: SecretDefinition, upload: SecretUpload) -> SecretValue:
    if upload.certificate is not None or upload.private is not None:
        raise ValueError(f"a {definition.type} has a Key alone, and neither Cert nor Private")
    if upload.key is None:
        raise ValueError("its Key is missing")
    declared = definition.size or 0
    if definition.type is SecretType.SYMMETRIC_KEY and 8 * len(upload.key) != declared:
        raise ValueError(
            "declared size and actual size don't match: "
            f"the manifest says {declared} bits, the Key has {8 * len(upload.key)}"
        )
    return symmetric(upload.key)


def _key_pair(definition: SecretDefinition, upload: SecretUpload) -> SecretValue:
    if upload.key is not None:
        raise ValueError(f"a {definition.type} has Cert and Private, and no Key")
    if not upload.certificate:
        raise ValueError("its Cert is missing or empty")
    try:
        public = x509.load_der_x509_certificate(upload.certificate).public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("its Cert is no X.509 certificate in DER that parses") from None
    return SecretValue(
        certificate=upload.certificate,
        public=public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        private=upload.private or b"",
    )


def _check_marbles(
    serving: Serving, changed: Mapping[str, SecretValue], secrets: Mapping[str, SecretValue]
) -> None:
    problems = rehearse(serving, changed, secrets)
    if problems:
        raise RequestRefusedError("a Marble could not be activated: " + _listed(problems))


def _listed(problems: Sequence[Problem]) -> str:
    shown = [str(problem) for problem in problems[:_SHOWN_PROBLEMS]]
    more = len(problems) - len(shown)
    return "; ".join([*shown, *([f"and {more} more"] if more else [])])
