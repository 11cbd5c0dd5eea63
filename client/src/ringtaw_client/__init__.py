"""Client of a Ringtaw or MarbleRun Coordinator that verifies it before it believes it.

::

    policy = CoordinatorPolicy.from_file(Path("coordinator-era.json"))
    verified = verify("coordinator.example:4433", policy)
    coordinator = verified.connect(UserCredential.from_files(certificate, key))
    coordinator.status()

Everything is synchronous. Names are imported when they are first used, so that importing this
package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ringtaw_client._quote import Claim
    from ringtaw_client.address import Address
    from ringtaw_client.checks import Check
    from ringtaw_client.coordinator import PinnedCoordinator
    from ringtaw_client.credentials import Credential, UserCredential
    from ringtaw_client.errors import (
        ClientError,
        CollateralUnavailableError,
        EvidenceRejectedError,
        IdentityChangedError,
        InputError,
        NameMismatchError,
        NotAuthorisedError,
        PolicyMismatchError,
        ProtocolError,
        RefusedError,
        UnreachableError,
    )
    from ringtaw_client.evidence import Evidence
    from ringtaw_client.identity import CoordinatorIdentity
    from ringtaw_client.limits import Limits
    from ringtaw_client.manifests import manifest_checks
    from ringtaw_client.marble_evidence import MarbleEvidence
    from ringtaw_client.marbles import VerifiedMarble, verify_marble, verify_marble_offline
    from ringtaw_client.model import (
        LogEntry,
        Manifest,
        ManifestAccepted,
        PendingUpdate,
        RecoveryProgress,
        Secret,
        SecretUpload,
        SignedQuote,
        State,
        Status,
        UpdateProgress,
    )
    from ringtaw_client.offline import verify_offline
    from ringtaw_client.policy import CoordinatorPolicy
    from ringtaw_client.presented import presented_certificates
    from ringtaw_client.recovery import RecoveryKey, encrypt_recovery_secret
    from ringtaw_client.trust import Trust
    from ringtaw_client.verification import VerifiedCoordinator, connect_insecurely, verify

__all__ = [
    "Address",
    "Check",
    "Claim",
    "ClientError",
    "CollateralUnavailableError",
    "CoordinatorIdentity",
    "CoordinatorPolicy",
    "Credential",
    "Evidence",
    "EvidenceRejectedError",
    "IdentityChangedError",
    "InputError",
    "Limits",
    "LogEntry",
    "Manifest",
    "ManifestAccepted",
    "MarbleEvidence",
    "NameMismatchError",
    "NotAuthorisedError",
    "PendingUpdate",
    "PinnedCoordinator",
    "PolicyMismatchError",
    "ProtocolError",
    "RecoveryKey",
    "RecoveryProgress",
    "RefusedError",
    "Secret",
    "SecretUpload",
    "SignedQuote",
    "State",
    "Status",
    "Trust",
    "UnreachableError",
    "UpdateProgress",
    "UserCredential",
    "VerifiedCoordinator",
    "VerifiedMarble",
    "connect_insecurely",
    "encrypt_recovery_secret",
    "manifest_checks",
    "presented_certificates",
    "verify",
    "verify_marble",
    "verify_marble_offline",
    "verify_offline",
]

_HOMES: Final = {
    "_quote": ("Claim",),
    "address": ("Address",),
    "checks": ("Check",),
    "coordinator": ("PinnedCoordinator",),
    "credentials": ("Credential", "UserCredential"),
    "evidence": ("Evidence",),
    "identity": ("CoordinatorIdentity",),
    "limits": ("Limits",),
    "manifests": ("manifest_checks",),
    "marble_evidence": ("MarbleEvidence",),
    "marbles": ("VerifiedMarble", "verify_marble", "verify_marble_offline"),
    "offline": ("verify_offline",),
    "policy": ("CoordinatorPolicy",),
    "presented": ("presented_certificates",),
    "recovery": ("RecoveryKey", "encrypt_recovery_secret"),
    "trust": ("Trust",),
    "verification": ("VerifiedCoordinator", "connect_insecurely", "verify"),
    "errors": (
        "ClientError",
        "CollateralUnavailableError",
        "EvidenceRejectedError",
        "IdentityChangedError",
        "InputError",
        "NameMismatchError",
        "NotAuthorisedError",
        "PolicyMismatchError",
        "ProtocolError",
        "RefusedError",
        "UnreachableError",
    ),
    "model": (
        "LogEntry",
        "Manifest",
        "ManifestAccepted",
        "PendingUpdate",
        "RecoveryProgress",
        "Secret",
        "SecretUpload",
        "SignedQuote",
        "State",
        "Status",
        "UpdateProgress",
    ),
}
_HOME_OF: Final = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import what is asked for (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
