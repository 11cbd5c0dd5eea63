"""The host of the verifiers: finds those installed and gives evidence to the one it is for."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import pluggy

from ringtaw_attestation.errors import AttestationError, EvidenceError, Step, VerifierError
from ringtaw_attestation.hookspecs import (
    API_VERSION,
    ENTRY_POINT_GROUP,
    PROJECT,
    VerificationContext,
    Verifier,
    VerifierHooks,
)
from ringtaw_attestation.report import Report

_HOOKS: Final = ("recognises", "verify")


class Verifiers:
    """A set of verifiers, ready for evidence. Thread-safe if they are."""

    def __init__(self, verifiers: Iterable[Verifier]) -> None:
        self._managers = {verifier.name: _manager(verifier) for verifier in verifiers}

    @classmethod
    def installed(cls) -> Verifiers:
        """Load all verifiers that are installed: all or none.

        Raises:
            VerifierError: One cannot be loaded, or two have one name.
        """
        found: dict[str, EntryPoint] = {}
        for entry in entry_points(group=ENTRY_POINT_GROUP):
            known = found.setdefault(entry.name, entry)
            if known.value != entry.value:
                raise VerifierError(
                    f"verifier({entry.name}): declared as {known.value} and as {entry.value}",
                    hint="uninstall one of the two distributions",
                )
        return cls(_load(entry) for _, entry in sorted(found.items()))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the formats."""
        return tuple(self._managers)

    def verify(self, evidence: bytes, context: VerificationContext) -> Report:
        """Verify evidence with the verifier that recognises it.

        Raises:
            EvidenceError: No verifier recognises it, or a step failed.
            CollateralUnavailableError: There is no collateral now.
            VerifierError: More than one recognises it, or a verifier is defective.
        """
        names = [name for name in self._managers if self._call(name, "recognises", evidence)]
        if not names:
            raise EvidenceError(
                Step.QUOTE_FORMAT,
                "evidence is of no known format",
                hint=f"installed verifiers: {', '.join(self._managers) or 'none'}",
            )
        if len(names) > 1:
            raise VerifierError(f"evidence is recognised by {' and '.join(names)}")
        report = self._call(names[0], "verify", evidence, context)
        if not isinstance(report, Report):
            raise VerifierError(f"verifier({names[0]}): returned no report")
        return report

    def _call(
        self, name: str, hook: str, evidence: bytes, context: VerificationContext | None = None
    ) -> object:
        arguments = {"evidence": evidence} | ({"context": context} if context else {})
        try:
            return getattr(self._managers[name].hook, hook)(**arguments)
        except AttestationError:
            raise
        except Exception as error:
            raise VerifierError(f"verifier({name}): {hook} failed: {error!r}") from error


def _load(entry: EntryPoint) -> Verifier:
    try:
        verifier = entry.load()
    except Exception as error:
        raise VerifierError(f"verifier({entry.name}): cannot be imported: {error!r}") from error
    if not isinstance(verifier, Verifier):
        raise VerifierError(f"verifier({entry.name}): {entry.value} is not a Verifier")
    if verifier.name != entry.name:
        raise VerifierError(f"verifier({entry.name}): calls itself {verifier.name!r}")
    return verifier


def _manager(verifier: Verifier) -> pluggy.PluginManager:
    """Return a plugin manager that has this verifier alone."""
    if verifier.api_version != API_VERSION:
        older = verifier.api_version < API_VERSION
        raise VerifierError(
            f"verifier({verifier.name}): made for version {verifier.api_version} of the contract, "
            f"here is version {API_VERSION}",
            hint=f"upgrade {'the verifier' if older else 'ringtaw-attestation'}",
        )
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(VerifierHooks)
    try:
        module, _, attribute = verifier.hooks.partition(":")
        manager.register(getattr(importlib.import_module(module), attribute)(), verifier.name)
        manager.check_pending()
    except Exception as error:
        raise VerifierError(
            f"verifier({verifier.name}): cannot load {verifier.hooks}: {error!r}"
        ) from error
    missing = [hook for hook in _HOOKS if not getattr(manager.hook, hook).get_hookimpls()]
    if missing:
        raise VerifierError(f"verifier({verifier.name}): lacks {', '.join(missing)}")
    return manager
