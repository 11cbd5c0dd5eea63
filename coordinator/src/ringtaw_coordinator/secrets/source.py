"""The secrets of one Marble: kept ones looked up, private ones made when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from ringtaw_coordinator.errors import ActivationError
from ringtaw_coordinator.manifest.model import Manifest, SecretDefinition, SecretType
from ringtaw_coordinator.names import quoted
from ringtaw_coordinator.pki.secret import SecretIssuer
from ringtaw_coordinator.secrets.derive import derive_key, symmetric
from ringtaw_coordinator.secrets.generate import generate
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.state.model import Deployment


class MarbleSecrets:
    """Current and previous values for one activation; what is not asked for costs nothing."""

    def __init__(
        self,
        deployment: Deployment,
        manifest: Manifest,
        issuer: SecretIssuer,
        marble_type: str,
        uuid: str,
    ) -> None:
        """Take the Marble's type and canonical UUID, which its private keys are derived from."""
        self._deployment = deployment
        self._definitions: Mapping[str, SecretDefinition] = manifest.secrets
        self._issuer = issuer
        self._uuid = uuid
        bound = not manifest.marbles[marble_type].disable_secret_binding
        self._binding = marble_type if bound else ""
        self._made: dict[str, SecretValue] = {}

    def current(self, name: str) -> SecretValue:
        """Return the value of a secret, an empty one if no user has uploaded it yet.

        Raises:
            ActivationError: Its certificate cannot be made.
        """
        definition = self._definitions[name]
        if definition.shared or definition.user_defined:
            return self._deployment.secrets.get(name, SecretValue())
        if name not in self._made:
            self._made[name] = self._make(name, definition, self._deployment.root_secret)
        return self._made[name]

    def previous(self, name: str) -> SecretValue:
        """Return the value from before the latest rotation; the current one if there was none.

        Raises:
            ActivationError: As :meth:`current`.
        """
        if name in self._deployment.previous_secrets:
            return self._deployment.previous_secrets[name]
        definition = self._definitions[name]
        kept = definition.shared or definition.user_defined
        if kept or not self._deployment.previous_root_secret:
            return self.current(name)
        return self._make(name, definition, self._deployment.previous_root_secret)

    def _make(self, name: str, definition: SecretDefinition, root_secret: bytes) -> SecretValue:
        if definition.type is SecretType.SYMMETRIC_KEY:
            bits = definition.size or 0
            return symmetric(derive_key(root_secret, self._uuid, name, self._binding, bits))
        try:
            return generate(definition, self._issuer)
        except ValueError as error:
            raise ActivationError(
                f"the certificate of the secret {quoted(name)} cannot be made: {error}"
            ) from None
