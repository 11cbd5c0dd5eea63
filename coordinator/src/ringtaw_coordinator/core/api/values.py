"""What the Coordinator is asked and answers, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from ringtaw_coordinator.manifest.model import SecretDefinition
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


@dataclass(frozen=True, slots=True)
class RecoveryProgress:
    """Where a recovery stands after a secret was handed in."""

    remaining: int
    """How many recovery keys' owners have not handed in theirs; 0 once the state is recovered."""
