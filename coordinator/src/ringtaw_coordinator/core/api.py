"""What the servers need of the Coordinator, and what it tells them: values and one protocol.

The tests' Coordinator simulator implements the same protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from ringtaw_coordinator.manifest.model import FeatureGate, SecretDefinition
from ringtaw_coordinator.secrets.value import SecretValue


class State(IntEnum):
    """States of the Coordinator; the numbers are part of the client API."""

    UNINITIALISED = 0
    RECOVERY = 1
    ACCEPTING_MANIFEST = 2
    ACCEPTING_MARBLES = 3


@dataclass(frozen=True, slots=True)
class Status:
    """State and a sentence for people."""

    state: State
    message: str


@dataclass(frozen=True, slots=True)
class TLSIdentity:
    """What a server presents: certificates (DER, leaf first) and the leaf's key (PKCS #8 DER)."""

    chain: tuple[bytes, ...]
    private_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """The manifest in force, its SHA-256 in hex, and the root key's signature over that hash.

    All are empty before a manifest is set.
    """

    raw: bytes
    fingerprint: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class ManifestAccepted:
    """Answer to a manifest that was set."""

    recovery_secrets: Mapping[str, bytes] = field(repr=False)
    """Encrypted to each owner's recovery key, by its name."""
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class CoordinatorQuote:
    """The Coordinator's evidence: PEM ``intermediate + root``, quote with Open Enclave header.

    The quote is empty in simulation. ``software_tee`` says that no hardware stands behind it, or
    behind what it admits.
    """

    certificate_chain: str
    quote: bytes
    software_tee: bool = False


@dataclass(frozen=True, slots=True)
class SignedQuote:
    """The Coordinator's word on an SGX quote: its TCB status, and the root key's signature (DER).

    ``software_tee`` says that no hardware stands behind the quote.
    """

    tcb_status: str
    signature: bytes
    software_tee: bool


@dataclass(frozen=True, slots=True)
class ActivationRequest:
    """A Marble's request; ``peer_certificate`` (DER) is that of the very TLS connection."""

    quote: bytes
    csr: bytes
    marble_type: str
    uuid: str
    peer_certificate: bytes


@dataclass(frozen=True, slots=True)
class MarbleParameters:
    """What an admitted Marble receives."""

    files: Mapping[str, bytes] = field(repr=False)
    env: Mapping[str, bytes] = field(repr=False)
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A secret that a user reads: what the manifest says of it, and its value."""

    definition: SecretDefinition
    value: SecretValue


@dataclass(frozen=True, slots=True)
class SecretUpload:
    """A user's value for a user-defined secret; what the request leaves out is None."""

    key: bytes | None = field(default=None, repr=False)
    """Of a symmetric key or plain data."""
    certificate: bytes | None = None
    """DER."""
    private: bytes | None = field(default=None, repr=False)
    """As the client sent it: PKCS #8, PKCS #1 or SEC 1, DER."""


@dataclass(frozen=True, slots=True)
class UpdateProgress:
    """Where an update stands after somebody's word on it.

    It is in force if no acknowledgement is missing.
    """

    missing_acknowledgments: int
    missing_users: tuple[str, ...]
    """Names of those who may still acknowledge."""
    recovery_secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """New ones, encrypted to each owner's recovery key, if the update changed the recovery keys."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PendingUpdate:
    """An update that waits for acknowledgements."""

    manifest: bytes
    """As it was submitted."""
    missing_users: tuple[str, ...]
    missing_acknowledgments: int


class IdentitySource(Protocol):
    """What the servers present in TLS, and when that changes."""

    @property
    def mesh_identity(self) -> TLSIdentity:
        """What the mesh API presents now."""
        ...

    @property
    def client_identity(self) -> TLSIdentity:
        """What the client API presents now."""
        ...

    def on_identity_change(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called, in the event loop, whenever either identity has changed.

        It is called before the request that changed it is answered.
        """
        ...


@dataclass(frozen=True, slots=True)
class RecoveryProgress:
    """Where a recovery stands after a secret was handed in."""

    remaining: int
    """How many recovery keys' owners have not handed in theirs; 0 once the state is recovered."""


class Activator(Protocol):
    """The mesh API's view of the Coordinator."""

    async def activate(self, request: ActivationRequest) -> MarbleParameters:
        """Admit a Marble.

        Raises:
            StateError: Not accepting Marbles.
            InvalidUUIDError: The UUID does not parse.
            VerificationError: The Marble is not admitted.
            UnavailableError: Its evidence cannot be verified at the moment.
            ActivationError: Its parameters could not be made.
            StoreError: The change could not be made durable.
        """
        ...


class ClientFacade(Protocol):
    """The client API's view of the Coordinator."""

    @property
    def simulation(self) -> bool:
        """Whether evidence goes unchecked."""
        ...

    def status(self) -> Status:
        """Return the state."""
        ...

    def manifest(self) -> StoredManifest:
        """Return the manifest in force."""
        ...

    async def set_manifest(self, raw: bytes) -> ManifestAccepted:
        """Set the manifest, durably.

        Raises:
            StateError: A manifest is already set.
            ManifestError: It is not valid; lists every problem.
            StoreError: It could not be made durable.
        """
        ...

    async def quote(self, nonce: bytes | None) -> CoordinatorQuote:
        """Return evidence over the root certificate, and the nonce if there is one.

        Raises:
            PlatformError: The platform gives none.
            UnavailableError: Too many are waiting for theirs.
        """
        ...

    def require_feature(self, gate: FeatureGate) -> None:
        """Return if the manifest in force enables a feature.

        Raises:
            FeatureError: It does not, or there is none.
        """
        ...

    async def sign_quote(self, quote: bytes) -> SignedQuote:
        """Verify an SGX quote and sign its TCB status, good or bad.

        Raises:
            FeatureError: The manifest does not enable this.
            VerificationError: The quote is not genuine.
            UnavailableError: It cannot be verified at the moment.
        """
        ...

    async def read_secrets(
        self, names: Sequence[str], certificate: bytes
    ) -> Mapping[str, StoredSecret]:
        """Return secrets to the user whose client certificate (DER) is given; b"" is nobody's.

        A secret that nobody has set yet has an empty value.

        Raises:
            StateError: Not accepting Marbles.
            UnauthorizedError: The certificate is no user's.
            ForbiddenError: The user may not read all of them.
            RequestRefusedError: One of them does not exist.
        """
        ...

    async def write_secrets(self, uploads: Mapping[str, SecretUpload], certificate: bytes) -> None:
        """Store a user's values of user-defined secrets, durably, all or none.

        Raises:
            StateError: Not accepting Marbles.
            UnauthorizedError: The certificate is no user's.
            ForbiddenError: The user may not write all of them.
            RequestRefusedError: One of them does not exist or does not fit its definition, or a
                Marble could not be activated with it.
            StoreError: The change could not be made durable.
        """
        ...

    async def submit_update(self, raw: bytes, certificate: bytes) -> UpdateProgress:
        """Apply an update of packages, or submit an update of the whole manifest.

        Raises:
            StateError: Not accepting Marbles.
            UnauthorizedError: The certificate is no user's.
            ForbiddenError: The user may not do this.
            RequestRefusedError: Another update is pending, or it lowers a SecurityVersion.
            ManifestError: It is not valid; lists every problem.
            StoreError: The change could not be made durable.
        """
        ...

    def pending_update(self) -> PendingUpdate:
        """Return the update that waits for acknowledgements.

        Raises:
            StateError: Not accepting Marbles.
            NoPendingUpdateError: There is none.
        """
        ...

    async def acknowledge_update(self, raw: bytes, certificate: bytes) -> UpdateProgress:
        """Acknowledge the pending update by its very bytes; apply it if that was the last missing.

        Whoever has acknowledged it before learns where it stands.

        Raises:
            StateError: Not accepting Marbles.
            UnauthorizedError: The certificate is no user's.
            NoPendingUpdateError: There is none.
            ForbiddenError: The user may not do this.
            RequestRefusedError: The bytes differ.
            ManifestError: It turned out not to be applicable; it is no longer pending.
            StoreError: The change could not be made durable.
        """
        ...

    async def cancel_update(self, certificate: bytes) -> None:
        """Drop the pending update.

        Raises:
            StateError: Not accepting Marbles.
            UnauthorizedError: The certificate is no user's.
            NoPendingUpdateError: There is none.
            ForbiddenError: The user may not do this.
            StoreError: The change could not be made durable.
        """
        ...

    def update_log(self) -> Sequence[str]:
        """Return the update log, one JSON object per entry, oldest first.

        Raises:
            StateError: Not accepting Marbles.
        """
        ...

    async def set_counter(self, name: str, value: int, certificate: bytes) -> int:
        """Raise a Marble's monotonic counter to ``value``, never lower it; return its former value.

        Raises:
            StateError: Not accepting Marbles.
            FeatureError: The manifest does not enable this.
            UnauthorizedError: The certificate is not one of the current Marbles.
            RequestRefusedError: Name or value is out of its limits.
            StoreError: The change could not be made durable.
        """
        ...

    async def recovery_public_key(self) -> bytes:
        """Return the key (RSA-4096, SubjectPublicKeyInfo DER) to encrypt recovery secrets with.

        Raises:
            StateError: No recovery is needed, or none is possible.
        """
        ...

    async def recover(self, secret: bytes, signature: bytes) -> RecoveryProgress:
        """Take a recovery secret with its owner's signature; recover once enough are in, durably.

        Raises:
            StateError: No recovery is needed, or none is possible.
            RecoverySecretError: The secret cannot be decrypted.
            RequestRefusedError: It is nobody's, was handed in before, or is not signed; or all
                together do not open the state.
            StoreError: The change could not be made durable.
        """
        ...
