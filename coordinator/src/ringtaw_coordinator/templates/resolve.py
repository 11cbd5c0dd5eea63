"""From a tree to what an action inserts: a function and the part of a secret it encodes.

Without conditions and variables, all of an action but the secret's value is known when the
template is compiled; so most mistakes are found then, and execution is a concatenation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from typing import Final

from ringtaw_coordinator.names import did_you_mean, quoted
from ringtaw_coordinator.templates.parser import Command, Name, Operand, Pipeline, String
from ringtaw_coordinator.templates.source import LocatedTemplateError, Source


class Target(Enum):
    """What a template's output is for; decides which functions there are."""

    FILE = ("pem", "hex", "base64", "raw")
    ENV = ("pem", "hex", "base64", "string")

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of the encoding functions."""
        return self.value


class Scope(StrEnum):
    """Where a secret is looked up; the values are how templates write it."""

    SECRETS = ".Secrets"
    PREVIOUS = ".Previous.Secrets"
    MARBLERUN = ".MarbleRun"


class Part(StrEnum):
    """A part of a secret, as templates write it."""

    CERT = "Cert"
    PUBLIC = "Public"
    PRIVATE = "Private"


MARBLERUN_NAMES: Final = ("RootCA", "MarbleCert", "CoordinatorRoot", "CoordinatorIntermediate")


@dataclass(frozen=True, slots=True)
class Reference:
    """A secret or, with ``part``, one part of it."""

    scope: Scope
    name: str
    part: Part | None = None

    def __str__(self) -> str:
        path = f"{self.scope}.{quoted(self.name)[1:-1]}"
        return f"{path}.{self.part}" if self.part else path


@dataclass(frozen=True, slots=True)
class Insert:
    """An encoding function applied to a reference; ``offset`` is that of the function's name."""

    function: str
    reference: Reference
    offset: int


class Container(Enum):
    """A field chain that has not reached a secret; the values are how templates write it."""

    ROOT = "."
    PREVIOUS = ".Previous"
    SECRETS = ".Secrets"
    PREVIOUS_SECRETS = ".Previous.Secrets"
    MARBLERUN = ".MarbleRun"


Value = Container | Reference | Insert | str
_FIELDS: Final[dict[Container, dict[str, Container | Reference]]] = {
    Container.ROOT: {
        "Secrets": Container.SECRETS,
        "Previous": Container.PREVIOUS,
        "MarbleRun": Container.MARBLERUN,
    },
    Container.PREVIOUS: {"Secrets": Container.PREVIOUS_SECRETS},
    Container.MARBLERUN: {name: Reference(Scope.MARBLERUN, name) for name in MARBLERUN_NAMES},
}
_SCOPES: Final = {
    Container.SECRETS: Scope.SECRETS,
    Container.PREVIOUS_SECRETS: Scope.PREVIOUS,
}


class Resolver:
    """Evaluates actions of one template as far as possible without the secrets."""

    def __init__(self, source: Source, target: Target) -> None:
        self._source = source
        self._target = target

    def action(self, pipeline: Pipeline) -> Insert | str:
        """Return what an action inserts: an encoded secret, or literal text.

        Raises:
            LocatedTemplateError: It has no such value.
        """
        value = self._pipeline(pipeline)
        if isinstance(value, Insert | str):
            return value
        functions = ", ".join(self._target.functions)
        raise self._source.problem(
            pipeline.commands[0].offset,
            f"{_describe(value)} cannot be inserted as it is",
            f"encode a secret with one of {functions}",
        )

    def _pipeline(self, pipeline: Pipeline) -> Value:
        value: Value | None = None
        for command in pipeline.commands:
            value = self._command(command, value)
        assert value is not None  # noqa: S101 - the parser admits no empty pipeline
        return value

    def _command(self, command: Command, piped: Value | None) -> Value:
        head, *words = command.words
        if isinstance(head, Name):
            arguments = [self._operand(word) for word in words]
            return self._call(head, arguments if piped is None else [*arguments, piped])
        if words or piped is not None:
            raise self._source.problem(command.offset, "only a function takes arguments")
        return self._operand(head)

    def _operand(self, operand: Operand) -> Value:
        if isinstance(operand, String):
            return operand.value
        if isinstance(operand, Name):
            return self._call(operand, [])
        if isinstance(operand, Pipeline):
            return self._pipeline(operand)
        value: Value = Container.ROOT if operand.base is None else self._operand(operand.base)
        for name, offset in operand.names:
            value = self._field(value, name, offset)
        return value

    def _field(self, value: Value, name: str, offset: int) -> Value:
        if isinstance(value, Container) and (scope := _SCOPES.get(value)):
            return Reference(scope, name)
        known: dict[str, Container | Reference] = {}
        if isinstance(value, Container):
            known = _FIELDS[value]
        elif isinstance(value, Reference) and value.part is None:
            known = {part: replace(value, part=part) for part in Part}
        if name in known:
            return known[name]
        hint = did_you_mean(name, known) or (f"it has {', '.join(known)}" if known else "")
        raise self._source.problem(offset, f"{_describe(value)} has no field {quoted(name)}", hint)

    def _call(self, function: Name, arguments: list[Value]) -> Value:
        if function.value == "index":
            return self._index(function, arguments)
        if function.value not in self._target.functions:
            raise self._unknown_function(function)
        if len(arguments) != 1:
            raise self._bad_call(function, f"takes one argument, not {len(arguments)}")
        (reference,) = arguments
        if not isinstance(reference, Reference):
            raise self._bad_call(function, f"encodes a secret, not {_describe(reference)}")
        if function.value == "pem" and reference.part is None:
            raise self._bad_call(
                function,
                f"needs a part of {reference}: a secret as a whole has no PEM form",
                f"write for example: pem {reference}.Cert",
            )
        if function.value == "string" and reference.part is not None:
            raise self._bad_call(function, f"takes a whole secret, not its part {reference.part}")
        return Insert(function.value, reference, function.offset)

    def _index(self, function: Name, arguments: list[Value]) -> Value:
        if not arguments:
            raise self._bad_call(function, "needs .Secrets or .Previous.Secrets and a name")
        value, *keys = arguments
        for key in keys:
            scope = _SCOPES.get(value) if isinstance(value, Container) else None
            if scope is None:
                raise self._bad_call(function, f"cannot look into {_describe(value)}")
            if not isinstance(key, str):
                raise self._bad_call(function, "needs the name of a secret in quotes")
            value = Reference(scope, key)
        return value

    def _bad_call(self, function: Name, reason: str, hint: str = "") -> LocatedTemplateError:
        return self._source.problem(function.offset, f'"{function.value}" {reason}', hint)

    def _unknown_function(self, function: Name) -> LocatedTemplateError:
        known = (*self._target.functions, "index")
        kind = "files" if self._target is Target.FILE else "environment variables"
        hint = did_you_mean(function.value, known) or f"there are {', '.join(known)}"
        reason = f"there is no function {quoted(function.value)} for {kind}"
        return self._source.problem(function.offset, reason, hint)


def _describe(value: Value) -> str:
    """Name a value for a message without showing what a string holds."""
    if isinstance(value, Container):
        return value.value
    if isinstance(value, Reference):
        return str(value)
    return "text"
