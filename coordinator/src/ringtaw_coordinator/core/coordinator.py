"""The Coordinator: a state machine around one deployment.

It lives in one event loop. What is read is an immutable snapshot; every change happens under one
lock, in a thread where it computes or waits for the disk, and becomes visible only after it is
durable. A caller that goes away does not interrupt a change that has begun.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import structlog
from ringtaw_attestation import claims_software_tee

from ringtaw_coordinator.core import activation
from ringtaw_coordinator.core.api import (
    ActivationRequest,
    CoordinatorQuote,
    ManifestAccepted,
    MarbleParameters,
    SignedQuote,
    State,
    Status,
    StoredManifest,
    TLSIdentity,
)
from ringtaw_coordinator.core.attestation import Attestation
from ringtaw_coordinator.core.founding import found
from ringtaw_coordinator.core.identities import certificate_chain, client_identity, mesh_identity
from ringtaw_coordinator.core.quote_signing import sign_quote
from ringtaw_coordinator.core.serving import Serving, serve
from ringtaw_coordinator.errors import (
    CoordinatorError,
    FeatureError,
    ManifestError,
    StateError,
    TemplateError,
)
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.manifest.model import FeatureGate
from ringtaw_coordinator.state.model import Deployment, new_deployment
from ringtaw_coordinator.state.vault import Vault

MESSAGES: Final = {
    State.RECOVERY: "There is a state, but it cannot be used: {reason}. Recover it, or set a new "
    "manifest, which gives it up.",
    State.ACCEPTING_MANIFEST: "Ready to accept a manifest.",
    State.ACCEPTING_MARBLES: "Running, and ready to accept Marbles.",
}
SIMULATION_NOTE: Final = " SIMULATION: no evidence is checked and no key is protected."
SOFTWARE_TEE_NOTE: Final = " A software TEE is in use here: no hardware protects anything."

T = TypeVar("T")

log = structlog.get_logger("coordinator")


class Coordinator:
    """Implements both the mesh API's Activator and the client API's ClientFacade."""

    def __init__(
        self,
        vault: Vault,
        attestation: Attestation,
        deployment: Deployment,
        *,
        serving: Serving | None,
        locked: str,
        software_tee: bool,
    ) -> None:
        """Take what :func:`open_coordinator` found in the vault.

        ``serving`` is None before a manifest is set; then ``locked`` may say why the state that
        there is cannot be used. ``deployment`` is a provisional one in that case.
        ``software_tee`` says that its own evidence, or what it accepts, is a software TEE's.
        """
        self._vault = vault
        self._attestation = attestation
        self._serving = serving
        self._locked = locked
        self._software_tee = software_tee
        self._lock = asyncio.Lock()
        self._set_deployment(deployment)

    @property
    def simulation(self) -> bool:
        """Whether evidence goes unchecked."""
        return self._attestation.is_simulation

    @property
    def mesh_identity(self) -> TLSIdentity:
        """What the mesh API presents now."""
        return self._mesh_identity

    @property
    def client_identity(self) -> TLSIdentity:
        """What the client API presents now."""
        return self._client_identity

    def status(self) -> Status:
        """Return the state, and a warning where nothing is protected."""
        state = self._state()
        note = SOFTWARE_TEE_NOTE if self._software_tee else ""
        if self.simulation:
            note = SIMULATION_NOTE
        return Status(state, MESSAGES[state].format(reason=self._locked) + note)

    def manifest(self) -> StoredManifest:
        """Return the manifest in force."""
        if self._serving is None:
            return StoredManifest(b"", "", b"")
        deployment = self._serving.deployment
        fingerprint = hashlib.sha256(deployment.manifest).hexdigest()
        return StoredManifest(deployment.manifest, fingerprint, deployment.manifest_signature)

    async def quote(self, nonce: bytes | None) -> CoordinatorQuote:
        """Return evidence over the root certificate, and the nonce if there is one."""
        deployment = self._deployment
        evidence = await self._attestation.attester.quote(deployment.root.certificate, nonce or b"")
        return CoordinatorQuote(certificate_chain(deployment), evidence, self._software_tee)

    def require_feature(self, gate: FeatureGate) -> None:
        """Return if the manifest in force enables a feature."""
        if self._serving is None or gate not in self._serving.manifest.config.feature_gates:
            raise FeatureError(f"the manifest in force does not have the feature gate {gate}")

    async def sign_quote(self, quote: bytes) -> SignedQuote:
        """Verify an SGX quote and sign its TCB status, good or bad."""
        self.require_feature(FeatureGate.SIGN_QUOTE_ENDPOINT)
        report = await self._attestation.verifier.appraise(quote, "a quote to sign")
        return sign_quote(quote, report, self._deployment.root)

    async def set_manifest(self, raw: bytes) -> ManifestAccepted:
        """Set the manifest, durably."""
        self._require(State.RECOVERY, State.ACCEPTING_MANIFEST)
        return await self._change(lambda: self._set_manifest(raw))

    async def activate(self, request: ActivationRequest) -> MarbleParameters:
        """Admit a Marble; the steps are those of :mod:`ringtaw_coordinator.core.activation`."""
        try:
            parameters = await self._activate(request)
        except CoordinatorError as error:
            log.warning("activation refused", marble_type=request.marble_type, reason=str(error))
            raise
        log.info("Marble activated", marble_type=request.marble_type, uuid=request.uuid)
        return parameters

    async def tend(self) -> None:
        """Look after what evidence is judged by, until cancelled."""
        if not self.simulation:
            await self._attestation.check_own(self._deployment.root.certificate)
        await self._attestation.verifier.keep_current()

    async def close(self) -> None:
        """Finish the change that is under way, and let go of the store."""
        async with self._lock:
            await asyncio.to_thread(self._vault.close)

    async def _activate(self, request: ActivationRequest) -> MarbleParameters:
        serving = self._accepting()
        marble, uuid = await activation.admit(serving, request, self._attestation.verifier)
        if marble.definition.max_activations:
            activation.check_budget(serving, request.marble_type)
            return await self._change(lambda: self._activate_counted(request, uuid))
        if marble.is_slow:
            return await asyncio.to_thread(activation.equip, serving, request, uuid)
        return activation.equip(serving, request, uuid)

    async def _activate_counted(self, request: ActivationRequest, uuid: str) -> MarbleParameters:
        serving = self._accepting()

        def equip_and_count() -> tuple[MarbleParameters, Deployment]:
            parameters = activation.equip(serving, request, uuid)
            deployment = activation.count(serving.deployment, request.marble_type)
            self._vault.commit(deployment)
            return parameters, deployment

        parameters, deployment = await asyncio.to_thread(equip_and_count)
        self._deployment = deployment
        self._serving = serving.with_deployment(deployment)
        return parameters

    async def _set_manifest(self, raw: bytes) -> ManifestAccepted:
        self._require(State.RECOVERY, State.ACCEPTING_MANIFEST)

        def load_and_store() -> tuple[Serving, ManifestAccepted]:
            loaded = load_manifest(raw)
            deployment = found(self._deployment, raw, loaded.manifest)
            serving = serve(deployment, loaded.manifest)
            recovery_secrets = self._vault.establish(deployment, loaded.manifest)
            return serving, ManifestAccepted(
                recovery_secrets, [str(warning) for warning in loaded.warnings]
            )

        serving, accepted = await asyncio.to_thread(load_and_store)
        self._locked = ""
        self._set_deployment(serving.deployment)
        self._serving = serving
        log.info("manifest set", fingerprint=self.manifest().fingerprint)
        for warning in accepted.warnings:
            log.warning("the manifest is doubtful", warning=warning)
        return accepted

    async def _change(self, change: Callable[[], Awaitable[T]]) -> T:
        """Run a change under the lock; once it runs, it runs to its end."""
        await self._lock.acquire()

        async def run() -> T:
            try:
                return await change()
            finally:
                self._lock.release()

        self._change_under_way = task = asyncio.create_task(run())  # the loop would forget it
        return await asyncio.shield(task)

    def _set_deployment(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._mesh_identity = mesh_identity(deployment)
        self._client_identity = client_identity(deployment)

    def _state(self) -> State:
        if self._serving is not None:
            return State.ACCEPTING_MARBLES
        return State.RECOVERY if self._locked else State.ACCEPTING_MANIFEST

    def _accepting(self) -> Serving:
        self._require(State.ACCEPTING_MARBLES)
        assert self._serving is not None  # noqa: S101 - this is what that state means
        return self._serving

    def _require(self, *states: State) -> None:
        """Return if the state is one of these; the text is one that clients look for."""
        status = self.status()
        if status.state not in states:
            raise StateError(f"server is not in expected state: {status.message}")


async def open_coordinator(
    vault: Vault, attestation: Attestation, names: Sequence[str]
) -> Coordinator:
    """Resume from what the vault holds, or begin anew.

    ``names`` are the DNS names and IP addresses of an identity that has to be made.

    Raises:
        StoreError: The store cannot be read.
        PlatformError: The platform gave no sealing key, or no quote.
    """
    opened = await asyncio.to_thread(vault.open)
    serving, locked = None, opened.locked
    if opened.deployment is not None:
        try:
            serving = await asyncio.to_thread(_resume, opened.deployment)
        except (ManifestError, TemplateError, ValueError) as error:
            locked = f"this version of the Coordinator does not accept it: {error}"
    if locked:
        log.error("the state cannot be used: recovery is needed", reason=locked)
    deployment = serving.deployment if serving else new_deployment(names)
    quote = await attestation.attester.quote(deployment.root.certificate)
    return Coordinator(
        vault,
        attestation,
        deployment,
        serving=serving,
        locked=locked,
        software_tee=attestation.verifier.accepts_software_tee or claims_software_tee(quote),
    )


def _resume(deployment: Deployment) -> Serving:
    return serve(deployment, load_manifest(deployment.manifest).manifest)
