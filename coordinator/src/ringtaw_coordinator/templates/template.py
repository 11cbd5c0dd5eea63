"""A compiled template: compile once, execute for every Marble."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ringtaw_coordinator.manifest.model import SecretType
from ringtaw_coordinator.names import did_you_mean
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.templates.encodings import encode
from ringtaw_coordinator.templates.resolve import Insert, Part, Reference, Scope
from ringtaw_coordinator.templates.source import Source

MAX_OUTPUT: Final = 4 * 1024 * 1024
"""Bytes one template may render to: as many as fit into a whole activation answer."""


@dataclass(frozen=True, slots=True)
class TypedSecret:
    """A secret's value together with its type, which decides what may be done with it."""

    type: SecretType
    value: SecretValue


@dataclass(frozen=True, slots=True)
class TemplateData:
    """What templates are executed with; secrets that no template names can be left out."""

    secrets: Mapping[str, TypedSecret]
    previous: Mapping[str, TypedSecret]
    marblerun: Mapping[str, SecretValue]
    """RootCA, MarbleCert, CoordinatorRoot, CoordinatorIntermediate."""


class Template:
    """Literal pieces and encoded secrets in order; made by :func:`compile_template`."""

    def __init__(self, source: Source, segments: tuple[bytes | Insert, ...]) -> None:
        self._source = source
        self._segments = segments
        self.references: Final = frozenset(insert.reference for insert in self.inserts())
        self.literal_size: Final = sum(len(s) for s in segments if isinstance(s, bytes))
        """Bytes of the output that do not depend on secrets."""

    @property
    def has_nul(self) -> bool:
        """Whether the output has a NUL byte whatever the secrets are."""
        return any(b"\0" in segment for segment in self._segments if isinstance(segment, bytes))

    def inserts(self) -> Iterator[Insert]:
        """Yield what is inserted, in order."""
        return (segment for segment in self._segments if isinstance(segment, Insert))

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the secrets whose current values are needed."""
        return self._names(Scope.SECRETS)

    @property
    def previous_secrets(self) -> frozenset[str]:
        """Names of the secrets whose previous values are needed."""
        return self._names(Scope.PREVIOUS)

    def _names(self, scope: Scope) -> frozenset[str]:
        return frozenset(ref.name for ref in self.references if ref.scope is scope)

    def execute(self, data: TemplateData) -> bytes:
        """Return the output.

        Raises:
            LocatedTemplateError: A secret is unknown, empty or not of the right kind, or the output
                exceeds MAX_OUTPUT.
        """
        pieces, size = [], 0
        for segment in self._segments:
            piece = segment if isinstance(segment, bytes) else self.insert(segment, data)
            size += len(piece)
            if size > MAX_OUTPUT:
                raise self._source.problem(0, f"the output is larger than {MAX_OUTPUT:,} bytes")
            pieces.append(piece)
        return b"".join(pieces)

    def insert(self, insert: Insert, data: TemplateData) -> bytes:
        """Return what one of :meth:`inserts` puts into the output.

        Raises:
            LocatedTemplateError: As :meth:`execute`.
        """
        value = self._value(insert, data)
        try:
            return encode(insert, value)
        except ValueError as error:
            hint = _why_empty(insert.reference, data)
            raise self._source.problem(insert.offset, str(error), hint) from None

    def _value(self, insert: Insert, data: TemplateData) -> SecretValue:
        reference = insert.reference
        if reference.scope is Scope.MARBLERUN:
            return data.marblerun.get(reference.name, SecretValue())
        known = data.secrets if reference.scope is Scope.SECRETS else data.previous
        secret = known.get(reference.name)
        if secret is None:
            hint = did_you_mean(reference.name, known)
            raise self._source.problem(insert.offset, f"there is no secret {reference}", hint)
        if insert.function == "string" and secret.type is not SecretType.PLAIN:
            reason = f'"string" takes secrets of type plain; {reference} is a {secret.type}'
            raise self._source.problem(insert.offset, reason)
        return secret.value


def _why_empty(reference: Reference, data: TemplateData) -> str:
    if reference.scope is Scope.MARBLERUN:
        return "of the .MarbleRun ones only MarbleCert has keys"
    known = data.secrets if reference.scope is Scope.SECRETS else data.previous
    secret = known[reference.name]
    if reference.part is Part.CERT and not secret.type.is_certificate:
        return f"a {secret.type} has no certificate"
    return "" if secret.value != SecretValue() else "a user has to upload it"
