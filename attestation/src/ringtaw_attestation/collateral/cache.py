"""A cache of collateral, in memory and on disk.

What comes in is verified before it replaces anything, whether from the source or from the disk, and
never replaces collateral that was issued later. Collateral is fetched anew when half of its
lifetime or ``max_age`` is over, in the background, and used until it expires if that fails.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ringtaw_attestation.collateral.files import read_collateral, write_collateral
from ringtaw_attestation.collateral.model import Collateral, CollateralSource, PlatformKind
from ringtaw_attestation.collateral.verified import VerifiedCollateral, verify_collateral
from ringtaw_attestation.errors import AttestationError, CollateralUnavailableError
from ringtaw_attestation.trust import TrustedRoot
from ringtaw_attestation.validity import check_validity, earliest_end

MAX_AGE: Final = timedelta(hours=24)
"""How long a revocation may stay unnoticed while the source is reachable."""
RETRY_AFTER: Final = timedelta(seconds=30)
"""How long a source that failed is left alone."""

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Entry:
    collateral: Collateral
    verified: VerifiedCollateral
    refresh_at: datetime
    expires: datetime


@dataclass(slots=True)
class _Slot:
    """State of one kind of platform; all but reading ``entry`` happens under ``lock``."""

    lock: threading.Lock
    entry: _Entry | None = None
    failure: AttestationError | None = None
    retry_at: datetime = _LONG_AGO


class CollateralCache:
    """Collateral from a source, kept in ``directory`` across restarts.

    Thread-safe. Concurrent requests for one kind of platform cause one fetch.
    """

    def __init__(
        self,
        source: CollateralSource,
        directory: Path,
        roots: tuple[TrustedRoot, ...],
        *,
        max_age: timedelta = MAX_AGE,
        retry_after: timedelta = RETRY_AFTER,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source = source
        self._directory = directory
        self._roots = roots
        self._max_age = max_age
        self._retry_after = retry_after
        self._clock = clock
        self._slots: dict[PlatformKind, _Slot] = {}
        self._slots_lock = threading.Lock()

    def fetch(self, platform: PlatformKind) -> Collateral:
        """Return current collateral; see :class:`.CollateralSource`.

        Raises:
            CollateralUnavailableError: There is none, and the source gives none.
            CollateralError: What the source gives does not verify.
        """
        slot, now = self._slot(platform), self._clock()
        entry = slot.entry
        if entry is None or now > entry.expires:
            with slot.lock:
                entry = self._first(slot, platform, now)
        if now >= entry.refresh_at:
            self._refresh_in_background(slot, platform)
        return entry.collateral

    def refresh_due(self) -> None:
        """Fetch anew what is due, for a timer: then it is current before anybody asks.

        A failure is logged; what is there stays in use.
        """
        with self._slots_lock:
            slots = list(self._slots.items())
        for platform, slot in slots:
            if slot.entry is not None and self._clock() >= slot.entry.refresh_at:
                with slot.lock:
                    self._refresh(slot, platform)

    def _slot(self, platform: PlatformKind) -> _Slot:
        with self._slots_lock:
            return self._slots.setdefault(platform, _Slot(threading.Lock()))

    def _first(self, slot: _Slot, platform: PlatformKind, now: datetime) -> _Entry:
        """Return an entry where there was no usable one: somebody else's, the disk's, or new."""
        if slot.entry is not None and now <= slot.entry.expires:
            return slot.entry
        stored = self._stored(platform, now)
        if stored is not None:
            slot.entry = stored
            return stored
        return self._update(slot, platform)

    def _stored(self, platform: PlatformKind, now: datetime) -> _Entry | None:
        path = self._directory / f"{platform}.json"
        try:
            fetched = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            return self._entry(platform, read_collateral(path), min(fetched, now))
        except FileNotFoundError:
            return None
        except (AttestationError, OSError) as error:
            _log.warning("collateral in %s is not used: %s", path, error)
            return None

    def _update(self, slot: _Slot, platform: PlatformKind) -> _Entry:
        """Fetch, verify, keep. After a failure, fail alike for a while without asking again."""
        now = self._clock()
        if slot.failure is not None and now < slot.retry_at:
            raise slot.failure.with_traceback(None)
        try:
            entry = self._entry(platform, self._source.fetch(platform), now)
            _check_not_older(entry, slot.entry)
        except AttestationError as error:
            slot.failure, slot.retry_at = error, now + self._retry_after
            raise
        slot.entry, slot.failure = entry, None
        self._store(platform, entry)
        return entry

    def _entry(self, platform: PlatformKind, collateral: Collateral, fetched: datetime) -> _Entry:
        """Verify collateral as of now.

        Raises:
            AttestationError: It does not verify, has expired, or is another platform's.
        """
        verified = verify_collateral(collateral, self._roots)
        check_validity(verified.periods, self._clock())
        info = verified.tcb_info
        if (info.tee, info.fmspc.hex().upper()) != (platform.tee, platform.fmspc):
            raise CollateralUnavailableError(f"the source's TCB info is not for {platform}")
        expires = earliest_end(verified.periods)
        pause = max(self._retry_after, min(self._max_age, (expires - fetched) / 2))
        return _Entry(collateral, verified, fetched + pause, expires)

    def _store(self, platform: PlatformKind, entry: _Entry) -> None:
        try:
            write_collateral(self._directory, platform, entry.collateral)
        except OSError as error:
            _log.warning("collateral is not kept in %s: %s", self._directory, error)

    def _refresh_in_background(self, slot: _Slot, platform: PlatformKind) -> None:
        if self._clock() < slot.retry_at or not slot.lock.acquire(blocking=False):
            return

        def refresh() -> None:
            try:
                self._refresh(slot, platform)
            finally:
                slot.lock.release()

        try:
            threading.Thread(target=refresh, name=f"collateral {platform}", daemon=True).start()
        except RuntimeError:  # no more threads: another quote will try
            slot.lock.release()

    def _refresh(self, slot: _Slot, platform: PlatformKind) -> None:
        try:
            self._update(slot, platform)
        except AttestationError as error:
            _log.warning("collateral for %s is not refreshed: %s", platform, error)


def _check_not_older(new: _Entry, old: _Entry | None) -> None:
    """Refuse documents issued before those at hand: that would undo what these revoke."""
    if old is not None and any(
        one < other
        for one, other in zip(new.verified.issue_dates, old.verified.issue_dates, strict=True)
    ):
        raise CollateralUnavailableError("the source's collateral is older than that at hand")
