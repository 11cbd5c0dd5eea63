"""The life of an activation, from a Marble's request to what it receives.

``state → UUID → type → evidence → budget → secrets → parameters → durable count → answer``

A Marble that is refused at any step has changed nothing. Its evidence is judged, and its parameters
are made, under one and the same version of the manifest: one that is updated in between is judged
again.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from ringtaw_coordinator.core.api import ActivationRequest, MarbleParameters
from ringtaw_coordinator.core.counting import ActivationCounter, check_budget
from ringtaw_coordinator.core.evidence import EvidenceVerifier
from ringtaw_coordinator.core.parameters import make_parameters
from ringtaw_coordinator.core.serving import ServedMarble, Serving
from ringtaw_coordinator.core.state_machine import StateMachine
from ringtaw_coordinator.core.uuids import canonical_uuid
from ringtaw_coordinator.errors import CoordinatorError, UnavailableError, VerificationError
from ringtaw_coordinator.names import did_you_mean, quoted
from ringtaw_coordinator.pki.request import requested_names
from ringtaw_coordinator.secrets.source import MarbleSecrets
from ringtaw_coordinator.state.vault import Vault

MAX_ATTEMPTS: Final = 3
"""Versions of the manifest that one activation is tried under."""

_log = structlog.get_logger("coordinator")


class Activations:
    """Activates Marbles under whatever is in force."""

    def __init__(self, machine: StateMachine, vault: Vault, verifier: EvidenceVerifier) -> None:
        self._machine = machine
        self._counter = ActivationCounter(machine, vault)
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
            await self._machine.refresh()
            judged = self._machine.accepting()
            marble, uuid = await admit(judged, request, self._verifier)
            check_budget(judged, request.marble_type)
            parameters = await self._equip(judged, marble, request, uuid)
            if parameters is not None and await self._count(judged, marble, request.marble_type):
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

    async def _count(self, judged: Serving, marble: ServedMarble, marble_type: str) -> bool:
        """Return False if there was an update after the evidence was judged."""
        if not marble.definition.max_activations:
            return True
        return await self._counter.count(judged, marble_type)


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


def equip(serving: Serving, request: ActivationRequest, uuid: str) -> MarbleParameters:
    """Make certificate, secrets and parameters for an admitted Marble.

    Raises:
        ActivationError: The CSR is bad, a secret has no value, a template fails.
    """
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
