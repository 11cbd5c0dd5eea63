"""What the servers need of the Coordinator, and what it tells them: values and one protocol.

The tests' Coordinator simulator implements the same protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from ringtaw_coordinator.manifest.model import FeatureGate


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
