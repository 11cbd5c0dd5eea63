"""What the mesh API needs of the Coordinator, and what all servers present."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ringtaw_coordinator.core.api.values import ActivationRequest, MarbleParameters, TLSIdentity


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
