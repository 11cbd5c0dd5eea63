"""The life of an activation, from a Marble's request to what it receives.

``state → UUID → type → evidence → budget → secrets → parameters → durable count → answer``

The first four steps are :func:`admit`; the others, which must see one and the same state when
activations are limited, are :func:`equip` and :func:`count`. A Marble that is refused at any step
has changed nothing.
"""

from __future__ import annotations

from dataclasses import replace

from ringtaw_coordinator.core.api import ActivationRequest, MarbleParameters
from ringtaw_coordinator.core.evidence import EvidenceVerifier
from ringtaw_coordinator.core.parameters import make_parameters
from ringtaw_coordinator.core.serving import ServedMarble, Serving
from ringtaw_coordinator.core.uuids import canonical_uuid
from ringtaw_coordinator.errors import VerificationError
from ringtaw_coordinator.names import did_you_mean, quoted
from ringtaw_coordinator.pki.request import requested_names
from ringtaw_coordinator.secrets.source import MarbleSecrets
from ringtaw_coordinator.state.model import Deployment


async def admit(
    serving: Serving, request: ActivationRequest, verifier: EvidenceVerifier
) -> tuple[ServedMarble, str]:
    """Return the kind of Marble that asks, and its canonical UUID, if its evidence is good.

    Raises:
        InvalidUUIDError: The UUID does not parse.
        VerificationError: The type is unknown or the evidence is not good.
    """
    uuid = canonical_uuid(request.uuid)
    marble = find_marble(serving, request.marble_type)
    await verifier.verify(request, marble.definition, serving.manifest)
    return marble, uuid


def find_marble(serving: Serving, marble_type: str) -> ServedMarble:
    """Return the kind of Marble.

    Raises:
        VerificationError: The manifest has none of that name.
    """
    marble = serving.marbles.get(marble_type)
    if marble is None:
        hint = did_you_mean(marble_type, serving.marbles)
        raise VerificationError(
            f"the manifest has no Marble {quoted(marble_type)}" + (f": {hint}" if hint else "")
        )
    return marble


def check_budget(serving: Serving, marble_type: str) -> None:
    """Return if one more activation is permitted.

    Raises:
        VerificationError: All have been used.
    """
    limit = serving.marbles[marble_type].definition.max_activations
    if limit and serving.deployment.activations.get(marble_type, 0) >= limit:
        raise VerificationError(
            f"the Marble {quoted(marble_type)} has been activated {limit} times, "
            f"and its MaxActivations is {limit}"
        )


def equip(serving: Serving, request: ActivationRequest, uuid: str) -> MarbleParameters:
    """Make certificate, secrets and parameters for an admitted Marble.

    Raises:
        VerificationError: The budget is used up.
        ActivationError: The CSR is bad, a secret has no value, a template fails.
    """
    check_budget(serving, request.marble_type)
    marble = serving.marbles[request.marble_type]
    names = requested_names(request.csr)
    leaf = serving.authority.marbles.issue(request.marble_type, uuid, names)
    secrets = MarbleSecrets(
        serving.deployment,
        serving.manifest,
        serving.authority.secrets,
        request.marble_type,
        uuid,
    )
    return make_parameters(serving, marble, secrets, leaf)


def count(deployment: Deployment, marble_type: str) -> Deployment:
    """Return the deployment with one more activation of that type."""
    activations = dict(deployment.activations)
    activations[marble_type] = activations.get(marble_type, 0) + 1
    return replace(deployment, activations=activations)
