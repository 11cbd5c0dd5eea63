"""What the servers need of the Coordinator, and what it tells them: values and protocols.

The tests' Coordinator simulator implements the same protocols.
"""

from ringtaw_coordinator.core.api.client import ClientFacade
from ringtaw_coordinator.core.api.mesh import Activator, IdentitySource
from ringtaw_coordinator.core.api.values import (
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

__all__ = [
    "ActivationRequest",
    "Activator",
    "ClientFacade",
    "CoordinatorQuote",
    "IdentitySource",
    "ManifestAccepted",
    "MarbleParameters",
    "PendingUpdate",
    "RecoveryProgress",
    "SecretUpload",
    "SignedQuote",
    "State",
    "Status",
    "StoredManifest",
    "StoredSecret",
    "TLSIdentity",
    "UpdateProgress",
]
