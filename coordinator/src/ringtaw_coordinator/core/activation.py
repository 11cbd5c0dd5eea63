"""The life of an activation, from a Marble's request to what it receives.

``state → UUID → type → evidence → budget → secrets → parameters → durable count → answer``

A Marble that is refused at any step has changed nothing. Its evidence is judged, and its parameters
are made, under one and the same version of the manifest: one that is updated in between is judged
again.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

import structlog

from ringtaw_coordinator.core.api import ActivationRequest, MarbleParameters
from ringtaw_coordinator.core.evidence import EvidenceVerifier
from ringtaw_coordinator.core.parameters import make_parameters
from ringtaw_coordinator.core.serving import ServedMarble, Serving
from ringtaw_coordinator.core.state_machine import StateMachine
from ringtaw_coordinator.core.uuids import canonical_uuid
from ringtaw_coordinator.errors import CoordinatorError, UnavailableError, VerificationError
from ringtaw_coordinator.names import did_you_mean, quoted
from ringtaw_coordinator.pki.request import requested_names
from ringtaw_coordinator.secrets.source import MarbleSecrets
from ringtaw_coordinator.state.model import Deployment
from ringtaw_coordinator.state.vault import Vault

MAX_ATTEMPTS: Final = 3
"""Versions of the manifest that one activation is tried under."""

_log = structlog.get_logger("coordinator")


class Activations:
    """Activates Marbles under whatever is in force."""

    def __init__(self, machine: StateMachine, vault: Vault, verifier: EvidenceVerifier) -> None:
        self._machine = machine
        self._vault = vault
        self._verifier = verifier

    async def activate(self, request: ActivationRequest) -> MarbleParameters:
        """Admit a Marble, as :class:`ringtaw_coordinator.core.api.Activator` says."""
        try:
            parameters = await self._activate(request)
        except CoordinatorError as error:
            _log.warning("activation refused", marble_type=request.marble_type, reason=str(error))
            raise
        _log.info("Marble activated", marble_type=request.marble_type, uuid=request.uuid)
        return parameters

    async def _activate(self, request: ActivationRequest) -> MarbleParameters:
        for _ in range(MAX_ATTEMPTS):
            judged = self._machine.accepting()
            marble, uuid = await admit(judged, request, self._verifier)
            if marble.definition.max_activations:
                check_budget(judged, request.marble_type)
                parameters = await self._equip_and_count(judged, request, uuid)
            else:
                parameters = await self._equip(judged, marble, request, uuid)
            if parameters is not None:
                return parameters
        raise UnavailableError("the manifest keeps being updated; try again")

    async def _equip(
        self, judged: Serving, marble: ServedMarble, request: ActivationRequest, uuid: str
    ) -> MarbleParameters | None:
        """Return the parameters, None if there was an update after the evidence was judged."""
        serving = self._machine.accepting()
        if not serving.is_same_version(judged):
            return None
        if not marble.is_slow:
            return equip(serving, request, uuid)
        parameters = await asyncio.to_thread(equip, serving, request, uuid)
        return parameters if self._machine.accepting().is_same_version(judged) else None

    async def _equip_and_count(
        self, judged: Serving, request: ActivationRequest, uuid: str
    ) -> MarbleParameters | None:
        """Do the same under the lock, and count."""

        def step(serving: Serving) -> tuple[Serving, MarbleParameters | None]:
            if not serving.is_same_version(judged):
                return serving, None
            parameters = equip(serving, request, uuid)
            deployment = count(serving.deployment, request.marble_type)
            self._vault.commit(deployment, {"activations": [request.marble_type]})
            return serving.with_deployment(deployment), parameters

        return await self._machine.advance(step)


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
