"""What a Coordinator answers, typed. Secrets are not part of any representation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from hashlib import sha256
from typing import Any


class State(IntEnum):
    """States of a Coordinator."""

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
class Manifest:
    """The manifest in force as it was set, and the root key's signature (DER) over it."""

    raw: bytes
    signature: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the manifest, in hex."""
        return sha256(self.raw).hexdigest()


@dataclass(frozen=True, slots=True)
class ManifestAccepted:
    """A manifest was set.

    ``recovery_secrets`` are encrypted to each owner's recovery key, by its name: they are not to be
    had again.
    """

    recovery_secrets: Mapping[str, bytes] = field(repr=False)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UpdateProgress:
    """Where an update stands after somebody's word on it: in force if nobody's is missing."""

    missing_acknowledgments: int
    missing_users: tuple[str, ...]
    """Names of those who may still acknowledge."""
    recovery_secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """New ones, if the update changed the recovery keys; encrypted to each owner's key."""
    message: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def is_in_force(self) -> bool:
        """Whether the update is applied."""
        return self.missing_acknowledgments == 0


@dataclass(frozen=True, slots=True)
class PendingUpdate:
    """An update that waits for acknowledgements, byte for byte as it was submitted."""

    manifest: bytes
    missing_users: tuple[str, ...]
    message: str = ""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry of the update log; ``details`` are its other members, for example ``user``."""

    time: datetime
    update: str
    details: Mapping[str, str | int | float | bool | tuple[str, ...]]
    raw: str = field(repr=False)
    """The JSON text as the Coordinator wrote it."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that a user may read, in the terms of the manifest."""

    type: str
    size: int
    """Bits; 0 where the type has no size."""
    shared: bool
    user_defined: bool
    certificate: bytes
    """DER; empty for types that have none."""
    valid_for: int
    """Days; 0 where the manifest says nothing."""
    public: bytes = field(repr=False)
    """Public key in DER; of a symmetric key or plain data the very secret."""
    private: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecretUpload:
    """A value for a user-defined secret: a key, or a certificate with its private key if it is."""

    key: bytes | None = field(default=None, repr=False)
    """Of a symmetric key or plain data."""
    certificate: bytes | None = None
    """DER."""
    private: bytes | None = field(default=None, repr=False)
    """Private key, DER."""

    def as_json(self) -> dict[str, Any]:
        """Return the members of a request."""
        from base64 import b64encode

        named = (("Key", self.key), ("Cert", self.certificate), ("Private", self.private))
        return {name: b64encode(value).decode() for name, value in named if value is not None}


@dataclass(frozen=True, slots=True)
class SignedQuote:
    """A Coordinator's word on an SGX quote: its TCB status, and the root key's signature (DER).

    ``software_tee`` says that the Coordinator admits having looked at no hardware.
    """

    tcb_status: str
    signature: bytes
    software_tee: bool = False


@dataclass(frozen=True, slots=True)
class RecoveryProgress:
    """How many recovery keys' secrets are missing still; 0 when the Coordinator has recovered."""

    remaining: int
    message: str = ""
