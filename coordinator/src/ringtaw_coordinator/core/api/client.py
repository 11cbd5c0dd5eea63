"""What the client API needs of the Coordinator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ringtaw_coordinator.core.api.values import (
    CoordinatorQuote,
    ManifestAccepted,
    PendingUpdate,
    RecoveryProgress,
    SecretUpload,
    SignedQuote,
    Status,
    StoredManifest,
    StoredSecret,
    UpdateProgress,
)
from ringtaw_coordinator.manifest.model import FeatureGate


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
            StateError: Recovery is needed.
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
