"""Which alternative of ``oneOf`` or ``anyOf`` a person meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from jsonschema import ValidationError

from ringtaw_buildkit._schema_keys import unknown_keys

Branch: TypeAlias = Sequence[ValidationError]

_KEY_WEIGHT: Final = 2
_CONSTANT_WEIGHT: Final = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """What no alternative fits in: ``keys`` below the instance, and what could be there."""

    keys: tuple[str | int, ...]
    found: Any
    types: tuple[str, ...]
    values: tuple[Any, ...]


def nearest_branch(error: ValidationError) -> Branch | Choice:
    """Return the errors of the alternative that was meant; a Choice if none can be told.

    An alternative for another type of value was not meant, nor one for another value of the key
    that tells the alternatives apart; of the rest, the one with the least to correct was.
    """
    branches = _branches(error.context or ())
    telling = _telling_keys(branches)
    meant = [branch for branch in branches if not any(_elsewhere(e, telling) for e in branch)]
    return min(meant, key=_total) if meant else _choice(branches, telling, error)


def _total(branch: Branch) -> int:
    return sum(map(_weight, branch))


def _branches(context: Iterable[ValidationError]) -> list[Branch]:
    grouped: dict[str | int, list[ValidationError]] = {}
    for error in context:
        grouped.setdefault(error.relative_schema_path[0], []).append(error)
    return list(grouped.values())


def _telling_keys(branches: Sequence[Branch]) -> set[str | int]:
    """Return keys whose value two alternatives or more refuse as not theirs."""
    counts: dict[str | int, int] = {}
    for branch in branches:
        for key in {error.relative_path[0] for error in branch if _is_constant(error)}:
            counts[key] = counts.get(key, 0) + 1
    return {key for key, count in counts.items() if count > 1}


def _is_constant(error: ValidationError) -> bool:
    return error.validator in ("const", "enum") and len(error.relative_path) == 1


def _elsewhere(error: ValidationError, telling: set[str | int]) -> bool:
    if not error.relative_path:
        return error.validator in ("type", "const", "enum")
    return _is_constant(error) and error.relative_path[0] in telling


def _weight(error: ValidationError) -> int:
    """Return how much there is to correct: a key is more than a value."""
    match error.validator:
        case "additionalProperties":
            instance, schema = cast("Any", error.instance), cast("Any", error.schema)
            return _KEY_WEIGHT * len(unknown_keys(instance, schema))
        case "required" | "dependentRequired":
            return _KEY_WEIGHT
    return _CONSTANT_WEIGHT if _is_constant(error) else 1


def _choice(branches: Sequence[Branch], telling: set[str | int], error: ValidationError) -> Choice:
    errors = [each for branch in branches for each in branch]
    constants = [each for each in errors if _is_constant(each) and each.relative_path[0] in telling]
    if constants:
        values = [value for each in constants for value in _values(each)]
        return Choice((constants[0].relative_path[0],), constants[0].instance, (), tuple(values))
    whole = [each for each in errors if not each.relative_path]
    values = [value for each in whole for value in _values(each)]
    return Choice((), error.instance, tuple(_types(whole)), tuple(values))


def _values(error: ValidationError) -> Sequence[Any]:
    value: Any = error.validator_value
    match error.validator:
        case "const":
            return [value]
        case "enum":
            return list(value)
    return []


def _types(errors: Iterable[ValidationError]) -> Iterable[str]:
    for error in errors:
        if error.validator == "type":
            value: Any = error.validator_value
            yield from [value] if isinstance(value, str) else value
