"""A Coordinator for tests of the client API: does what the test says, remembers what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256

from ringtaw_coordinator.core.api import (
    CoordinatorQuote,
    ManifestAccepted,
    PendingUpdate,
    RecoveryProgress,
    SecretUpload,
    SignedQuote,
    State,
    Status,
    StoredManifest,
    StoredSecret,
    UpdateProgress,
)
from ringtaw_coordinator.errors import FeatureError, NoPendingUpdateError, RequestRefusedError
from ringtaw_coordinator.manifest.model import FeatureGate
from ringtaw_coordinator.server.client.server import ClientServer
from ringtaw_coordinator.server.limits import ClientLimits
from ringtaw_testkit.identities import Certified


class ScriptedFacade:
    """Implements ClientFacade. ``error`` is raised by everything that can fail."""

    def __init__(self) -> None:
        self.simulation = False
        self.error: Exception | None = None
        self.delay = 0.0
        self.recovery_secrets: dict[str, bytes] = {}
        self.warnings: list[str] = []
        self.manifests: list[bytes] = []
        self.nonces: list[bytes | None] = []
        self.evidence = b"evidence"
        self.software_tee = False
        self.features: set[FeatureGate] = set()
        self.quotes: list[bytes] = []
        self.secrets: dict[str, StoredSecret] = {}
        self.uploads: list[Mapping[str, SecretUpload]] = []
        self.updates: list[bytes] = []
        self.progress = UpdateProgress(0, ())
        self.pending: PendingUpdate | None = None
        self.log: Sequence[str] = []
        self.counters: dict[str, int] = {}
        self.recovered: list[tuple[bytes, bytes]] = []
        self.certificates: list[bytes] = []
        """Those that calls came with, in order."""

    def status(self) -> Status:
        """Return a state that follows from what was done."""
        state = State.ACCEPTING_MARBLES if self.manifests else State.ACCEPTING_MANIFEST
        return Status(state, f"state {state.name}")

    def manifest(self) -> StoredManifest:
        """Return the last manifest."""
        if not self.manifests:
            return StoredManifest(b"", "", b"")
        raw = self.manifests[-1]
        return StoredManifest(raw, sha256(raw).hexdigest(), b"signature")

    async def set_manifest(self, raw: bytes) -> ManifestAccepted:
        """Take any manifest."""
        await self._act()
        self.manifests.append(raw)
        return ManifestAccepted(self.recovery_secrets, self.warnings)

    async def quote(self, nonce: bytes | None) -> CoordinatorQuote:
        """Return the same for any nonce."""
        await self._act()
        self.nonces.append(nonce)
        return CoordinatorQuote("-----BEGIN CERTIFICATE-----", self.evidence, self.software_tee)

    def require_feature(self, gate: FeatureGate) -> None:
        """Require that the test has enabled it."""
        if gate not in self.features:
            raise FeatureError(f"no {gate}")

    async def sign_quote(self, quote: bytes) -> SignedQuote:
        """Find every quote out of date."""
        await self._act()
        self.quotes.append(quote)
        return SignedQuote("OutOfDate", b"signature", self.software_tee)

    async def read_secrets(
        self, names: Sequence[str], certificate: bytes
    ) -> Mapping[str, StoredSecret]:
        """Give every secret to anybody with a certificate."""
        await self._act(certificate)
        if missing := [name for name in names if name not in self.secrets]:
            raise RequestRefusedError(f"no secret {missing[0]}")
        return {name: self.secrets[name] for name in names}

    async def write_secrets(self, uploads: Mapping[str, SecretUpload], certificate: bytes) -> None:
        """Take any."""
        await self._act(certificate)
        self.uploads.append(uploads)

    async def submit_update(self, raw: bytes, certificate: bytes) -> UpdateProgress:
        """Take any."""
        await self._act(certificate)
        self.updates.append(raw)
        return self.progress

    def pending_update(self) -> PendingUpdate:
        """Return the one that the test has set."""
        if self.pending is None:
            raise NoPendingUpdateError("no update in progress")
        return self.pending

    async def acknowledge_update(self, raw: bytes, certificate: bytes) -> UpdateProgress:
        """Take any."""
        await self._act(certificate)
        self.updates.append(raw)
        return self.progress

    async def cancel_update(self, certificate: bytes) -> None:
        """Drop the one that the test has set."""
        await self._act(certificate)
        self.pending_update()
        self.pending = None

    def update_log(self) -> Sequence[str]:
        """Return what the test has set."""
        return self.log

    async def set_counter(self, name: str, value: int, certificate: bytes) -> int:
        """Set it, for all Marbles together."""
        await self._act(certificate)
        former = self.counters.get(name, 0)
        self.counters[name] = max(former, value)
        return former

    async def recovery_public_key(self) -> bytes:
        """Return the same key always."""
        await self._act()
        return b"public key"

    async def recover(self, secret: bytes, signature: bytes) -> RecoveryProgress:
        """Take any secret; two are needed."""
        await self._act()
        self.recovered.append((secret, signature))
        return RecoveryProgress(max(2 - len(self.recovered), 0))

    async def _act(self, certificate: bytes | None = None) -> None:
        if certificate is not None:
            self.certificates.append(certificate)
        await asyncio.sleep(self.delay)
        if self.error is not None:
            raise self.error


@asynccontextmanager
async def serving(
    facade: ScriptedFacade, root: Certified, limits: ClientLimits | None = None
) -> AsyncIterator[int]:
    """Serve the client API in this loop; yields its port."""
    server = ClientServer(facade, root.identity, limits)
    _, port = await server.start("127.0.0.1", 0)
    try:
        yield port
    finally:
        await server.stop(0.0)
