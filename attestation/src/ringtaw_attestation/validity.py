"""Periods of validity.

Verification looks at signatures once and at the clock every time: what is verified carries the
periods in which it counts, and these are compared with the time of each quote.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ringtaw_attestation.errors import EvidenceError, Step, failure


@dataclass(frozen=True, slots=True)
class Validity:
    """When one document counts, both ends included; ``step`` is blamed outside of it."""

    step: Step
    what: str
    not_before: datetime
    not_after: datetime


def check_validity(periods: Iterable[Validity], time: datetime) -> None:
    """Check that all periods contain the time.

    Raises:
        EvidenceError: One does not; a CollateralError when it is not the platform's certificate's.
    """
    for period in periods:
        if not period.not_before <= time <= period.not_after:
            raise _outside(period, time)


def earliest_end(periods: Iterable[Validity]) -> datetime:
    """Return when the first of the periods ends."""
    return min(period.not_after for period in periods)


def latest_start(periods: Iterable[Validity]) -> datetime:
    """Return when the last of the periods begins."""
    return max(period.not_before for period in periods)


def _outside(period: Validity, time: datetime) -> EvidenceError:
    if time < period.not_before:
        return failure(
            period.step,
            f"{period.what} is not valid before {period.not_before.isoformat()}",
            hint="is the clock right?",
        )
    return failure(period.step, f"{period.what} expired at {period.not_after.isoformat()}")
