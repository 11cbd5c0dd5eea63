"""The contract between the host and the verifiers of evidence, in one file.

A verifier is the plugin for one format of evidence. It is found through the entry-point group
:data:`ENTRY_POINT_GROUP`; the entry point names a :class:`Verifier`, which says what the verifier
is and where its hooks are. For each piece of evidence, exactly one verifier must recognise it::

    recognises → verify → Report

Policy and binding come after that, outside of verifiers. Hooks raise the errors of
:mod:`ringtaw_attestation.errors`; any other exception is the verifier's defect and refuses the
evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pluggy

from ringtaw_attestation.collateral.model import CollateralSource
from ringtaw_attestation.report import Report
from ringtaw_attestation.trust import TrustedRoot

API_VERSION: Final = 1
"""Version of this contract. A verifier made for another version is refused, naming both."""

ENTRY_POINT_GROUP: Final = "ringtaw.verifiers"
"""Entry-point group through which verifiers are found; the entry's name is the format's name."""

PROJECT: Final = "ringtaw.verifiers"
hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class Verifier:
    """What a verifier is: the object its entry point names.

    ``hooks`` is a ``"module:Class"`` reference to a class that is instantiated without arguments
    and carries ``@hookimpl`` methods.
    """

    name: str
    summary: str
    api_version: int
    hooks: str


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class VerificationContext:
    """What verification rests on: trusted roots, a source of collateral, a clock."""

    roots: tuple[TrustedRoot, ...]
    collateral: CollateralSource
    clock: Callable[[], datetime] = _now

    @property
    def time(self) -> datetime:
        """What the clock says: to be asked for after collateral, which may be issued just now."""
        return self.clock()


class VerifierHooks:
    """Hooks of a verifier; both are required."""

    @hookspec(firstresult=True)
    def recognises(self, evidence: bytes) -> bool | None:
        """Whether evidence claims to be of this format. Cheap, and says nothing about truth.

        Evidence comes from anybody and may be of any length.
        """

    @hookspec(firstresult=True)
    def verify(self, evidence: bytes, context: VerificationContext) -> Report | None:
        """Verify evidence and return what it says.

        Raises:
            EvidenceError: A step failed; names it.
            CollateralUnavailableError: There is no collateral now.
        """
