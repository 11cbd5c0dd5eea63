"""The state of a deployment under its key, in a store: what the core works with.

The vault knows the data encryption key (DEK) as long as the process lives. A change costs what it
is large: it is appended to the state that was written last, until all changes since have become so
large that the state is written anew. Calls block; they may come from any thread, one at a time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ringtaw_premain.hookspecs import KeyBinding

from ringtaw_coordinator.manifest.model import Manifest, SealMode
from ringtaw_coordinator.state import codec, sealed_data
from ringtaw_coordinator.state.anchor import Anchor, Mark, Memory, check_against
from ringtaw_coordinator.state.changes import Touched, difference
from ringtaw_coordinator.state.journal import OLD_DATA_REMEDY, witnessed_count
from ringtaw_coordinator.state.model import Deployment
from ringtaw_coordinator.state.recovery import entrust, same_recovery
from ringtaw_coordinator.state.recovery_run import RecoveryRun
from ringtaw_coordinator.state.sealed_data import DEK_BYTES, OutdatedError, UnsealError
from ringtaw_coordinator.state.sealed_key import Sealer, bound_to
from ringtaw_coordinator.state.store import Record, Revision, Store, Stored
from ringtaw_coordinator.state.way_back import check_way_back
from ringtaw_coordinator.state.written import Written, mark_of

_BINDINGS: Final = {
    SealMode.PRODUCT_KEY: KeyBinding.PRODUCT,
    SealMode.UNIQUE_KEY: KeyBinding.MEASUREMENT,
}
MAX_NUMBER: Final = 100_000
"""Changes behind a state before it is written anew."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What the store held: a deployment, something that cannot be opened, or nothing."""

    deployment: Deployment | None = None
    locked: str = ""
    """Why there is a state but no way in; empty when there is none or it is open."""
    remedy: str = ""
    """What an operator does about it, in sentences, where that is not recovery."""
    recovery: RecoveryRun | None = None
    """The way in for the owners of the recovery keys, if there is one."""


@dataclass(frozen=True, slots=True)
class _Seal:
    """How the state is sealed, from one manifest or change of recovery keys to the next."""

    dek: bytes = field(repr=False)
    recovery: bytes
    binding: KeyBinding


class Vault:
    """Keeps one deployment; writes the state as it was handed over last."""

    def __init__(self, store: Store, sealer: Sealer, anchor: Anchor | None = None) -> None:
        self._store = store
        self._sealer = sealer
        self._anchor = anchor
        self._is_behind = False
        """Whether a change was stored that the anchor may not know of."""
        self._seen: Mark | None = None
        """Of the state that was read or written here last."""
        self._revision: Revision | None = None
        self._seal: _Seal | None = None
        self._written: Written | None = None
        self._locked: Stored | None = None

    @property
    def is_shared(self) -> bool:
        """Whether the store may hold something else than what was read or written here last."""
        return self._store.is_shared or self._is_behind

    def is_current(self) -> bool:
        """Whether nobody has changed what the store holds since it was read or written here.

        Raises:
            StoreError: The store cannot be read.
        """
        return not self._is_behind and self._store.head() == self._revision

    def open(self) -> Opened:
        """Load what the store holds.

        Raises:
            StoreError: The store cannot be read.
            PlatformError: The platform gave no key.
        """
        stored = self._store.load()
        remembered = self._anchor.read() if self._anchor else None
        self._revision = self._seal = self._written = self._locked = None
        self._is_behind = False
        if stored is None:
            return _gone() if remembered and remembered.head else Opened()
        self._revision = stored.revision
        try:
            seal, written = self._open(stored)
            check_against(remembered, written.mark)
            self._check_seen(written.mark)
        except OutdatedError as error:
            return Opened(locked=str(error), remedy=error.remedy)
        except (UnsealError, ValueError) as error:
            self._locked = stored
            return Opened(locked=str(error), recovery=_recovery_of(stored))
        self._seen = written.mark
        if written.mark != remembered:
            self._remember(written.mark)
        self._seal, self._written = seal, written
        return Opened(written.deployment)

    def check(self, manifest: Manifest) -> tuple[str, ...]:
        """Return what operators must know about restarts under a manifest.

        Raises:
            ManifestError: It keeps a state that nobody could ever open.
        """
        return check_way_back(self._sealer, manifest)

    def unlock(self, dek: bytes) -> Deployment:
        """Return the state that :meth:`open` found no way into; nothing is changed yet.

        It may be older than what was sealed last: whoever has the DEK may have put a backup there.

        Raises:
            UnsealError: The key is not the right one, or the state is damaged.
            OutdatedError: It is older than the anchor remembers, or than sealed_key tells.
            ValueError: It was written by another version.
            StoreError: The anchor cannot be read.
        """
        if self._locked is None:
            raise UnsealError("there is nothing to recover")
        _check_complete(self._locked)
        written = Written.read(self._locked, dek)
        check_against(self._anchor.read() if self._anchor else None, written.mark)
        return written.deployment

    def resume(self, deployment: Deployment, manifest: Manifest, dek: bytes) -> None:
        """Store what :meth:`unlock` returned, with the DEK sealed for this platform.

        Raises:
            StoreError: The change could not be made durable.
            PlatformError: The platform gave no key.
        """
        assert self._locked is not None  # noqa: S101 - it has been unlocked
        recovery = sealed_data.recovery_data(self._locked.record.sealed_data)
        seal = _Seal(dek, recovery, _BINDINGS[manifest.config.seal_mode])
        self._write(deployment, seal)
        self._locked = None

    def establish(self, deployment: Deployment, manifest: Manifest) -> Mapping[str, bytes]:
        """Store the deployment under a new DEK, in the place of whatever the store holds.

        Returns:
            The recovery secrets by the recovery key's name, encrypted to it.

        Raises:
            ManifestError: A recovery key cannot encrypt, or nobody could open the state again.
            StoreError: The change could not be made durable.
        """
        self.check(manifest)
        dek = os.urandom(DEK_BYTES)
        recovery = entrust(dek, manifest.recovery_keys, manifest.config.recovery_threshold)
        if manifest.config.seal_mode is SealMode.DISABLED:
            self._store.clear(self._revision)
            self._revision, self._seal, self._written = None, None, None
            self._remember(mark_of(self._numbered(deployment), b""))
        else:
            seal = _Seal(dek, recovery.data, _BINDINGS[manifest.config.seal_mode])
            self._write(deployment, seal)
        self._locked = None
        return recovery.secrets

    def replace_manifest(
        self, deployment: Deployment, old: Manifest, new: Manifest
    ) -> Mapping[str, bytes]:
        """Store a deployment whose manifest has changed.

        Returns:
            New recovery secrets as :meth:`establish` does, if the old ones no longer count.

        Raises:
            ManifestError: A recovery key cannot encrypt, or nobody could open the state again.
            StoreError: The change could not be made durable.
        """
        seal, mode, same = self._seal, new.config.seal_mode, same_recovery(old, new)
        if seal is None or mode is SealMode.DISABLED or not same:
            secrets = self.establish(deployment, new)
            return {} if same and mode is SealMode.DISABLED else secrets
        self._write(deployment, replace(seal, binding=_BINDINGS[mode]))
        return {}

    def commit(self, deployment: Deployment, touched: Touched | None = None) -> None:
        """Store the deployment in the place of the one that was stored last.

        ``touched`` names the entries that a caller knows to be the only ones that differ, so that
        finding them does not cost more the more there are.

        Raises:
            StoreError: The change could not be made durable.
        """
        if self._seal is None or self._written is None or self._revision is None:
            return  # the manifest says that nothing is kept
        written, deployment = self._written, self._numbered(deployment)
        change = written.journal.seal(
            difference(written.deployment, deployment, touched), written.position
        )
        if len(change) > written.bytes_left or written.position.count == MAX_NUMBER:
            self._write(deployment, self._seal)
            return
        following = written.position.after(change)
        witness = written.journal.witness(following)
        self._revision = self._store.append(change, witness, self._revision)
        written.deployment = deployment
        written.before, written.position = written.position, following
        written.bytes_left -= len(change)
        self._remember(written.mark)

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def _open(self, stored: Stored) -> tuple[_Seal, Written]:
        record = stored.record
        dek, binding = self._sealer.unwrap(
            record.sealed_key, sealed_data.digest(record.sealed_data)
        )
        written = Written.read(stored, dek)
        written.journal.check_witness(stored.witness, written.before, written.position)
        return _Seal(dek, sealed_data.recovery_data(record.sealed_data), binding), written

    def _numbered(self, deployment: Deployment) -> Deployment:
        """Return the deployment with the number of the change that makes it."""
        generation, seen = deployment.generation, self._seen
        if seen and seen.deployment == mark_of(deployment, b"").deployment:
            generation = max(generation, seen.generation)
        return replace(deployment, generation=generation + 1)

    def _check_seen(self, found: Mark) -> None:
        """Return unless a store gives back an older state than it had; it may have a new one."""
        if self._seen and self._seen.deployment == found.deployment:
            check_against(self._seen, found, _SEEN)

    def _remember(self, mark: Mark) -> None:
        """Tell the anchor of a change that is durable; if that fails nothing is sure but the store.

        Whoever makes the next change has to open the store again.
        """
        self._seen = mark
        if self._anchor is None:
            return
        self._is_behind = True
        self._anchor.write(mark)
        self._is_behind = False

    def _write(self, deployment: Deployment, seal: _Seal) -> None:
        """Store a deployment as a whole."""
        deployment = self._numbered(deployment)
        data = sealed_data.seal(codec.encode(deployment), seal.dek, seal.recovery)
        sealed_key = self._sealer.wrap(seal.dek, sealed_data.digest(data), seal.binding)
        self._revision = self._store.commit(Record(data, sealed_key), self._revision)
        self._seal, self._written = seal, Written.anew(deployment, seal.dek, data)
        self._remember(self._written.mark)


_SEEN: Final = Memory(
    "this Coordinator has seen",
    "Put the latest state back into the store. To accept this one on purpose, restart the "
    "Coordinators.",
)


def _gone() -> Opened:
    return Opened(
        locked="the state is gone: the anchor remembers that there was one",
        remedy="Put it back and restart the Coordinator; recovery secrets do not help.",
    )


def _check_complete(stored: Stored) -> None:
    """Return unless the sealed key tells of changes that are missing."""
    missing = witnessed_count(stored.witness) - len(stored.changes)
    if missing > 0 and bound_to(stored.record.sealed_key) == sealed_data.digest(
        stored.record.sealed_data
    ):
        raise OutdatedError(
            f"{missing} changes that sealed_key tells of are missing from sealed_data",
            OLD_DATA_REMEDY,
        )


def _recovery_of(stored: Stored) -> RecoveryRun | None:
    try:
        run = RecoveryRun(sealed_data.recovery_data(stored.record.sealed_data))
    except (UnsealError, ValueError):
        return None
    return run if run.is_possible else None
