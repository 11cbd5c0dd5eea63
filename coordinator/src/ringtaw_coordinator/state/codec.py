"""The state of a deployment as bytes: JSON with a version, byte strings in base64.

What is read here has been decrypted and authenticated, so it was written by a Coordinator. All of
it is checked nevertheless: that Coordinator may have had another version.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from ringtaw_coordinator.pki.authority import Intermediate, KeyedCertificate
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.state.model import Deployment, ProposedManifest

VERSION: Final = 2
_BEFORE_UPDATES: Final = 1
"""The version that knows neither updates nor counters."""

T = TypeVar("T")


def encode(deployment: Deployment) -> bytes:
    """Return the deployment as bytes."""
    document = {
        "version": VERSION,
        "root": [_text(deployment.root.certificate), _text(deployment.root.private_key)],
        "intermediate": [
            _text(deployment.intermediate.certificate),
            _text(deployment.intermediate.marble_root),
            _text(deployment.intermediate.private_key),
        ],
        "rootSecret": _text(deployment.root_secret),
        "previousRootSecret": _text(deployment.previous_root_secret),
        "manifest": _text(deployment.manifest),
        "manifestSignature": _text(deployment.manifest_signature),
        "secrets": _secrets(deployment.secrets),
        "previousSecrets": _secrets(deployment.previous_secrets),
        "activations": dict(deployment.activations),
        "updateLog": list(deployment.update_log),
        "packageVersions": dict(deployment.package_versions),
        "proposal": _proposal_text(deployment.proposal),
        "counters": {marble: dict(names) for marble, names in deployment.counters.items()},
    }
    return json.dumps(document, separators=(",", ":")).encode()


def decode(data: bytes) -> Deployment:
    """Return the deployment that :func:`encode` wrote.

    Raises:
        ValueError: It was not written by this version; says what is wrong, and shows no value.
    """
    document = _Reader(_parse(data), "state")
    version = document.take("version", _count)
    if version not in (_BEFORE_UPDATES, VERSION):
        raise ValueError(f"the state has version {version}; this Coordinator reads up to {VERSION}")
    root = document.take("root", _byte_strings(2))
    intermediate = document.take("intermediate", _byte_strings(3))
    deployment = Deployment(
        root=KeyedCertificate(root[0], root[1]),
        intermediate=Intermediate(intermediate[0], intermediate[1], intermediate[2]),
        root_secret=document.take("rootSecret", _bytes),
        previous_root_secret=document.take("previousRootSecret", _bytes),
        manifest=document.take("manifest", _bytes),
        manifest_signature=document.take("manifestSignature", _bytes),
        secrets=document.take("secrets", _mapping(_secret)),
        previous_secrets=document.take("previousSecrets", _mapping(_secret)),
        activations=document.take("activations", _mapping(_count)),
        update_log=document.take("updateLog", _strings),
    )
    if version != _BEFORE_UPDATES:
        deployment = replace(
            deployment,
            package_versions=document.take("packageVersions", _mapping(_count)),
            proposal=document.take("proposal", _proposal),
            counters=document.take("counters", _mapping(_mapping(_count))),
        )
    document.finish()
    return deployment


def _parse(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("the state is not JSON") from None


class _Reader:
    """Takes the members of a JSON object one by one."""

    def __init__(self, value: object, what: str) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{what} is not an object")
        self._members = dict(value)

    def take(self, name: str, convert: Callable[[object], T]) -> T:
        if name not in self._members:
            raise ValueError(f"the state has no {name}")
        try:
            return convert(self._members.pop(name))
        except (ValueError, TypeError):
            raise ValueError(f"the state's {name} is malformed") from None

    def finish(self) -> None:
        if self._members:
            raise ValueError(f"the state has unknown members: {', '.join(sorted(self._members))}")


def _text(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def _secrets(secrets: Mapping[str, SecretValue]) -> dict[str, list[str]]:
    return {
        name: [_text(secret.certificate), _text(secret.public), _text(secret.private)]
        for name, secret in secrets.items()
    }


def _proposal_text(proposal: ProposedManifest | None) -> list[object] | None:
    if proposal is None:
        return None
    return [_text(proposal.manifest), list(proposal.acknowledged_by)]


def _proposal(value: object) -> ProposedManifest | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise TypeError
    return ProposedManifest(_bytes(value[0]), _strings(value[1]))


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise TypeError
    return b64decode(value, validate=True)


def _byte_strings(count: int) -> Callable[[object], list[bytes]]:
    def convert(value: object) -> list[bytes]:
        if not isinstance(value, list) or len(value) != count:
            raise TypeError
        return [_bytes(element) for element in value]

    return convert


def _secret(value: object) -> SecretValue:
    return SecretValue(*_byte_strings(3)(value))


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError
    return value


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(element, str) for element in value):
        raise TypeError
    return tuple(value)


def _mapping(convert: Callable[[object], T]) -> Callable[[object], dict[str, T]]:
    def convert_all(value: object) -> dict[str, T]:
        if not isinstance(value, dict):
            raise TypeError
        return {name: convert(element) for name, element in value.items()}

    return convert_all
