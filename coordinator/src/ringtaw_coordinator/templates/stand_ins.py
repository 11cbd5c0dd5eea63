"""Values that stand in for secrets not there yet: of the right shape, about the right size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringtaw_coordinator.manifest.model import SecretDefinition, SecretType
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.templates.resolve import MARBLERUN_NAMES
from ringtaw_coordinator.templates.template import TemplateData, TypedSecret

_CERTIFICATE_SIZE: Final = 600
_EC_KEY_SIZE: Final = 100
_FILLER: Final = b"A"


def stand_in_data(
    definitions: Mapping[str, SecretDefinition], values: Mapping[str, SecretValue]
) -> TemplateData:
    """Return data with every part that a secret of its type has when it is set.

    A secret in ``values`` is used as it is. Of what the manifest itself says, an empty part is
    stood in for.
    """
    secrets = {
        name: TypedSecret(definition.type, _value(definition, values.get(name)))
        for name, definition in definitions.items()
    }
    return TemplateData(secrets, secrets, _marblerun())


def _value(definition: SecretDefinition, known: SecretValue | None) -> SecretValue:
    if known is not None:
        return known
    stand_in = _stand_in(definition)
    return SecretValue(
        definition.initial_certificate or stand_in.certificate,
        definition.initial_public or stand_in.public,
        definition.initial_private or stand_in.private,
    )


def _stand_in(definition: SecretDefinition) -> SecretValue:
    octets = (definition.size or 8) // 8
    if not definition.type.is_certificate:
        key = _FILLER * (1 if definition.type is SecretType.PLAIN else octets)
        return SecretValue(public=key, private=key)
    if definition.type is not SecretType.CERT_RSA:
        octets = _EC_KEY_SIZE
    return SecretValue(
        certificate=_FILLER * (_CERTIFICATE_SIZE + octets),
        public=_FILLER * octets,
        private=_FILLER * (4 * octets),  # RSA: modulus, exponents and primes
    )


def _marblerun() -> dict[str, SecretValue]:
    certificates = dict.fromkeys(MARBLERUN_NAMES, SecretValue(_FILLER * _CERTIFICATE_SIZE))
    key = _FILLER * _EC_KEY_SIZE
    return certificates | {"MarbleCert": SecretValue(_FILLER * _CERTIFICATE_SIZE, key, key)}
