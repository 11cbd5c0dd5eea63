"""TCB statuses and how several of them combine.

The names are those of Intel's Provisioning Certification Service API, version 4, which manifests
use too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class TcbStatus(StrEnum):
    """State of a trusted computing base, from best to worst."""

    UP_TO_DATE = "UpToDate"
    SW_HARDENING_NEEDED = "SWHardeningNeeded"
    CONFIGURATION_NEEDED = "ConfigurationNeeded"
    CONFIGURATION_AND_SW_HARDENING_NEEDED = "ConfigurationAndSWHardeningNeeded"
    OUT_OF_DATE = "OutOfDate"
    OUT_OF_DATE_CONFIGURATION_NEEDED = "OutOfDateConfigurationNeeded"
    REVOKED = "Revoked"

    def combined_with(self, other: TcbStatus) -> TcbStatus:
        """Return the best status that says everything both say: at least as bad as either.

        ``OutOfDate`` absorbs ``SWHardeningNeeded``, since there is no name for both.
        """
        return _STATUS_OF_FLAGS[_FLAGS[self] | _FLAGS[other]]


_HARDENING, _CONFIGURATION, _OUT_OF_DATE, _REVOKED = 1, 2, 4, 8

_FLAGS: Final = {
    TcbStatus.UP_TO_DATE: 0,
    TcbStatus.SW_HARDENING_NEEDED: _HARDENING,
    TcbStatus.CONFIGURATION_NEEDED: _CONFIGURATION,
    TcbStatus.CONFIGURATION_AND_SW_HARDENING_NEEDED: _CONFIGURATION | _HARDENING,
    TcbStatus.OUT_OF_DATE: _OUT_OF_DATE,
    TcbStatus.OUT_OF_DATE_CONFIGURATION_NEEDED: _OUT_OF_DATE | _CONFIGURATION,
    TcbStatus.REVOKED: _REVOKED,
}


def _status_of(flags: int) -> TcbStatus:
    """Return the best status whose flags cover these, hardening being part of any worse one."""
    if flags & _REVOKED:
        return TcbStatus.REVOKED
    if flags & _OUT_OF_DATE:
        flags &= ~_HARDENING
    return next(status for status, known in _FLAGS.items() if known == flags)


_STATUS_OF_FLAGS: Final = tuple(_status_of(flags) for flags in range(2 * _REVOKED))


@dataclass(frozen=True, slots=True)
class TcbAssessment:
    """A status and the security advisories that it rests on, without repetition."""

    status: TcbStatus
    advisories: tuple[str, ...] = ()

    def combined_with(self, other: TcbAssessment) -> TcbAssessment:
        """Return the combination of both statuses, with the advisories of both."""
        return TcbAssessment(
            self.status.combined_with(other.status),
            tuple(dict.fromkeys(self.advisories + other.advisories)),
        )
