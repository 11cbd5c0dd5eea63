"""Secrets made at random: symmetric keys, and key pairs with certificates."""

from __future__ import annotations

import os
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ringtaw_coordinator.manifest.model import SecretDefinition, SecretType
from ringtaw_coordinator.pki.encoding import private_der, public_der
from ringtaw_coordinator.pki.secret import SecretIssuer
from ringtaw_coordinator.secrets.derive import symmetric
from ringtaw_coordinator.secrets.value import SecretValue

CURVES: Final[dict[int, type[ec.EllipticCurve]]] = {
    224: ec.SECP224R1,
    256: ec.SECP256R1,
    384: ec.SECP384R1,
    521: ec.SECP521R1,
}
_PUBLIC_EXPONENT: Final = 65537

KeyPair = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def generate(definition: SecretDefinition, issuer: SecretIssuer) -> SecretValue:
    """Make a new value for a secret that is not user-defined.

    Raises:
        ValueError: The definition has no value that can be made.
    """
    if definition.type is SecretType.SYMMETRIC_KEY:
        return symmetric(os.urandom(_size(definition) // 8))
    key = _key_pair(definition)
    public_key = key.public_key()
    return SecretValue(
        certificate=issuer.issue(definition, public_key),
        public=public_der(public_key),
        private=private_der(key),
    )


def _key_pair(definition: SecretDefinition) -> KeyPair:
    if definition.type is SecretType.CERT_RSA:
        return rsa.generate_private_key(_PUBLIC_EXPONENT, _size(definition))
    if definition.type is SecretType.CERT_ECDSA:
        return ec.generate_private_key(CURVES[_size(definition)]())
    if definition.type is SecretType.CERT_ED25519:
        return ed25519.Ed25519PrivateKey.generate()
    raise ValueError(f"a secret of type {definition.type} cannot be generated")


def _size(definition: SecretDefinition) -> int:
    if not definition.size:
        raise ValueError(f"a secret of type {definition.type} needs a Size")
    return definition.size
