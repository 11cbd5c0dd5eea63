"""Validate a manifest's tree against the JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from ringtaw_schemas import manifest_schema

from ringtaw_coordinator.manifest.document import Node, json_type
from ringtaw_coordinator.manifest.reader import OddNumber
from ringtaw_coordinator.manifest.report import Report
from ringtaw_coordinator.names import quoted

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

_ARTICLES: Final = {
    "object": "an object",
    "array": "an array",
    "string": "a string",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "null": "null",
}
_ABOUT_MISSING: Final = frozenset({"required", "propertyNames"})
"""Keywords that miss something in an object whose other members can still be looked at."""
_TEXTS: Final = {
    "minimum": "must be at least {limit}",
    "maximum": "must be at most {limit}",
    "minLength": "must not be empty",
    "minItems": "needs at least {limit} elements",
}


def validate(document: Node, report: Report) -> None:
    """Report what does not fit the schema, and mark it as invalid."""
    for error in _validator().iter_errors(document.plain()):
        for leaf in _leaves(error):
            _note(leaf, document, report)
        if report.full:
            break


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # takes 0.1 s: only when a manifest comes

    return Draft202012Validator(manifest_schema())


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """Yield the errors of the one alternative of an anyOf that has the value's type, if any."""
    alternatives: dict[str | int, list[ValidationError]] = {}
    for cause in error.context or ():
        alternatives.setdefault(cause.schema_path[0], []).append(cause)
    fitting = [
        causes
        for causes in alternatives.values()
        if not any(cause.validator == "type" and not cause.path for cause in causes)
    ]
    if len(fitting) != 1:
        yield error
        return
    for cause in fitting[0]:
        yield from _leaves(cause)


def _note(error: ValidationError, document: Node, report: Report) -> None:
    keyword, limit, schema = str(error.validator), cast("Any", error.validator_value), _own(error)
    node = document.find(list(error.absolute_path))
    if keyword not in _ABOUT_MISSING:
        if node.invalid:
            return
        node.invalid = True
    if keyword == "type":
        report.error(node, _wrong_type(error.instance, limit))
    elif "errorMessage" in schema:
        report.error(node, schema["errorMessage"])
    elif keyword == "required":
        for key in limit:
            if key not in node.members:
                report.error(node, f"{quoted(key)} is missing")
    elif keyword in ("enum", "const"):
        known = [str(value) for value in (limit if keyword == "enum" else [limit]) if value != ""]
        name = str(error.instance)
        report.unknown(node, f"{quoted(name)} is none of {', '.join(known)}", name, known)
    else:
        report.error(node, _TEXTS[keyword].format(limit=limit))


def _own(error: ValidationError) -> Mapping[str, Any]:
    """Return the schema that the failing keyword stands in."""
    return error.schema if isinstance(error.schema, Mapping) else {}


def _wrong_type(value: object, wanted: str) -> str:
    if wanted == "integer" and isinstance(value, OddNumber):
        return f"must be an integer of at most 64 bits in plain digits, not {value.literal[:40]}"
    return f"must be {_ARTICLES[wanted]}, not {_ARTICLES[json_type(value)]}"
