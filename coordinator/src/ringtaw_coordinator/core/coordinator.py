"""The Coordinator of one deployment, as the servers see it.

What it does is in the modules beside this one; here it is joined to the state in force, which
:mod:`ringtaw_coordinator.core.state_machine` keeps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog
from ringtaw_attestation import claims_software_tee

from ringtaw_coordinator.core import secret_access
from ringtaw_coordinator.core.activation import Activations
from ringtaw_coordinator.core.api import (
    ActivationRequest,
    CoordinatorQuote,
    ManifestAccepted,
    MarbleParameters,
    PendingUpdate,
    RecoveryProgress,
    SecretUpload,
    SignedQuote,
    State,
    Status,
    StoredManifest,
    StoredSecret,
    TLSIdentity,
    UpdateProgress,
)
from ringtaw_coordinator.core.attestation import Attestation
from ringtaw_coordinator.core.counters import Counters
from ringtaw_coordinator.core.founding import found
from ringtaw_coordinator.core.identities import certificate_chain
from ringtaw_coordinator.core.loading import load
from ringtaw_coordinator.core.quote_signing import sign_quote
from ringtaw_coordinator.core.recovery import recover
from ringtaw_coordinator.core.serving import Serving, require_feature, serve
from ringtaw_coordinator.core.state_machine import StateMachine
from ringtaw_coordinator.core.updates.updates import Updates, log_manifest
from ringtaw_coordinator.errors import CoordinatorError
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.manifest.model import FeatureGate
from ringtaw_coordinator.state.model import new_deployment
from ringtaw_coordinator.state.vault import Vault

SIMULATION_NOTE: Final = " SIMULATION: no evidence is checked and no key is protected."
SOFTWARE_TEE_NOTE: Final = " A software TEE is in use here: no hardware protects anything."

log = structlog.get_logger("coordinator")


class Coordinator:
    """Implements the mesh API's Activator, the client API's ClientFacade, and IdentitySource."""

    def __init__(
        self, vault: Vault, attestation: Attestation, machine: StateMachine, *, software_tee: bool
    ) -> None:
        """Take what :func:`open_coordinator` found in the vault.

        ``software_tee`` says that its own evidence, or what it accepts, is a software TEE's.
        """
        self._vault = vault
        self._attestation = attestation
        self._machine = machine
        self._updates = Updates(machine, vault)
        self._activations = Activations(machine, vault, attestation.verifier)
        self._counters = Counters(machine, vault)
        self._software_tee = software_tee

    @property
    def simulation(self) -> bool:
        """Whether evidence goes unchecked."""
        return self._attestation.is_simulation

    @property
    def mesh_identity(self) -> TLSIdentity:
        """What the mesh API presents now."""
        return self._machine.mesh_identity

    @property
    def client_identity(self) -> TLSIdentity:
        """What the client API presents now."""
        return self._machine.client_identity

    def on_identity_change(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called whenever either identity has changed."""
        self._machine.on_identity_change(listener)

    def status(self) -> Status:
        """Return the state, and a warning where nothing is protected."""
        status = self._machine.status()
        note = SOFTWARE_TEE_NOTE if self._software_tee else ""
        if self.simulation:
            note = SIMULATION_NOTE
        return Status(status.state, status.message + note)

    def manifest(self) -> StoredManifest:
        """Return the manifest in force."""
        serving = self._machine.serving
        return StoredManifest(b"", "", b"") if serving is None else serving.stored

    async def quote(self, nonce: bytes | None) -> CoordinatorQuote:
        """Return evidence over the root certificate, and the nonce if there is one."""
        deployment = self._machine.deployment
        evidence = await self._attestation.attester.quote(deployment.root.certificate, nonce or b"")
        return CoordinatorQuote(certificate_chain(deployment), evidence, self._software_tee)

    def has_marble_type(self, name: str) -> bool:
        """Whether the manifest in force has Marbles of this type."""
        serving = self._machine.serving
        return serving is not None and name in serving.marbles

    def require_feature(self, gate: FeatureGate) -> None:
        """Return if the manifest in force enables a feature."""
        require_feature(self._machine.serving, gate)

    async def sign_quote(self, quote: bytes) -> SignedQuote:
        """Verify an SGX quote and sign its TCB status, good or bad."""
        self.require_feature(FeatureGate.SIGN_QUOTE_ENDPOINT)
        report = await self._attestation.verifier.appraise(quote, "a quote to sign")
        return sign_quote(quote, report, self._machine.deployment.root)

    async def set_manifest(self, raw: bytes) -> ManifestAccepted:
        """Set the manifest, durably."""

        def load_and_store() -> tuple[Serving, ManifestAccepted]:
            self._machine.require(State.RECOVERY, State.ACCEPTING_MANIFEST)
            loaded = load_manifest(raw)
            deployment = found(self._machine.deployment, raw, loaded.manifest)
            serving = serve(deployment, loaded.manifest)
            warnings = (*loaded.warning_texts, *self._vault.check(loaded.manifest))
            recovery_secrets = self._vault.establish(deployment, loaded.manifest)
            return serving, ManifestAccepted(recovery_secrets, warnings)

        self._machine.require(State.RECOVERY, State.ACCEPTING_MANIFEST)
        accepted = await self._machine.change(load_and_store)
        log_manifest("manifest set", self.manifest().fingerprint, accepted.warnings)
        return accepted

    async def recovery_public_key(self) -> bytes:
        """Return the key to encrypt recovery secrets with."""

        def make_key() -> tuple[None, bytes]:
            return None, self._machine.recovering().public_key()

        self._machine.recovering()
        return await self._machine.change(make_key)

    async def recover(self, secret: bytes, signature: bytes) -> RecoveryProgress:
        """Take a recovery secret; recover once enough are in."""

        def step() -> tuple[Serving | None, RecoveryProgress]:
            run = self._machine.recovering()
            serving = recover(run, self._vault, secret, signature)
            return serving, RecoveryProgress(run.remaining)

        self._machine.recovering()
        try:
            progress = await self._machine.change(step)
        except CoordinatorError as error:
            log.warning("a recovery secret was refused", reason=str(error))
            raise
        if progress.remaining:
            log.info("a recovery secret was taken", remaining=progress.remaining)
        else:
            log.info("the state has been recovered", fingerprint=self.manifest().fingerprint)
        return progress

    async def activate(self, request: ActivationRequest) -> MarbleParameters:
        """Admit a Marble; the steps are those of :mod:`ringtaw_coordinator.core.activation`."""
        return await self._activations.activate(request)

    async def read_secrets(
        self, names: Sequence[str], certificate: bytes
    ) -> Mapping[str, StoredSecret]:
        """Return secrets to a user."""
        await self._machine.refresh()
        serving = self._machine.accepting()
        user = serving.users.identify(certificate)
        return secret_access.read_secrets(serving, user, names)

    async def write_secrets(self, uploads: Mapping[str, SecretUpload], certificate: bytes) -> None:
        """Store a user's values of user-defined secrets, durably, all or none."""

        def step(serving: Serving) -> tuple[Serving, str]:
            user = serving.users.identify(certificate)
            written = secret_access.write_secrets(serving, user, uploads)
            self._vault.commit(written.deployment, {"secrets": uploads})
            return written, user.name

        self._machine.accepting().users.identify(certificate)
        name = await self._machine.advance(step)
        log.info("secrets set", user=name, secrets=list(uploads))

    async def submit_update(self, raw: bytes, certificate: bytes) -> UpdateProgress:
        """Apply an update of packages, or submit an update of the whole manifest."""
        return await self._updates.submit(raw, certificate)

    def pending_update(self) -> PendingUpdate:
        """Return the update that waits for acknowledgements."""
        return self._updates.pending()

    async def acknowledge_update(self, raw: bytes, certificate: bytes) -> UpdateProgress:
        """Acknowledge the pending update; apply it if that was the last missing."""
        return await self._updates.acknowledge(raw, certificate)

    async def cancel_update(self, certificate: bytes) -> None:
        """Drop the pending update."""
        await self._updates.cancel(certificate)

    def update_log(self) -> Sequence[str]:
        """Return the update log."""
        return self._machine.accepting().deployment.update_log

    async def set_counter(self, name: str, value: int, certificate: bytes) -> int:
        """Raise a Marble's monotonic counter to ``value``; return its former value."""
        return await self._counters.set(name, value, certificate)

    async def tend(self) -> None:
        """Look after what evidence is judged by, until cancelled."""
        if not self.simulation:
            await self._attestation.check_own(self._machine.deployment.root.certificate)
        await self._attestation.verifier.keep_current()

    async def close(self) -> None:
        """Finish the change that is under way, and let go of the store."""
        await self._machine.finish(self._vault.close)


async def open_coordinator(
    vault: Vault, attestation: Attestation, names: Sequence[str]
) -> Coordinator:
    """Resume from what the vault holds, or begin anew.

    ``names`` are the DNS names and IP addresses of an identity that has to be made.

    Raises:
        StoreError: The store cannot be read.
        PlatformError: The platform gave no sealing key, or no quote.
    """
    loaded = await asyncio.to_thread(load, vault)
    machine = StateMachine(vault, new_deployment(names), loaded)
    quote = await attestation.attester.quote(machine.deployment.root.certificate)
    return Coordinator(
        vault,
        attestation,
        machine,
        software_tee=attestation.verifier.accepts_software_tee or claims_software_tee(quote),
    )
