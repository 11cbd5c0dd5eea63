"""JSON Schema (Draft 2020-12) whose violations are findings that a person understands.

Public. Besides the standard's keywords a subschema may say, for whoever made the mistake:

* ``x-message``: what must hold, in place of the words made up here: ``"must be a power of two"``;
* ``x-cure``: what to do, as an imperative;
* ``x-code``: the finding's code, in place of the one for the kind of violation;
* ``x-severity``: ``"warning"`` if breaking it is only doubtful;
* ``x-secret``: true where a value must not be shown;
* for an object, ``x-removed``: keys that it had once, each with what to do instead;
* for an object, ``x-unknown``: ``"warning"`` if keys that it does not have are only doubtful.

The top may say ``x-object``, what its format calls an object: ``"table"`` in TOML.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from ringtaw_premain.build_hookspecs import Finding, Severity

from ringtaw_buildkit import _schema_words as words
from ringtaw_buildkit._positions import Keys
from ringtaw_buildkit._schema_branches import Choice, nearest_branch
from ringtaw_buildkit._schema_keys import missing_keys, unknown_keys
from ringtaw_buildkit.document import Document
from ringtaw_buildkit.findings import in_order, pointer

UNKNOWN_KEY: Final = "unknown-key"
REMOVED_KEY: Final = "removed-key"
MISSING_KEY: Final = "missing-key"
WRONG_TYPE: Final = "wrong-type"
WRONG_VALUE: Final = "wrong-value"

_Validator: Final = extend(  # type: ignore[no-untyped-call]  # jsonschema has no types
    Draft202012Validator,
    # 1.0 is an integer in JSON Schema, and in no program that reads these files.
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _checker, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


def schema_findings(
    document: Document, schema: Mapping[str, object], *, code_prefix: str = ""
) -> list[Finding]:
    """Return every violation of the schema, in the order of lines.

    ``code_prefix`` is put before the codes of this module, not before an ``x-code``.
    """
    validator = _Validator(schema)
    translation = _Translation(document, str(schema.get("x-object", "object")), code_prefix)
    return in_order(translation.findings(validator.iter_errors(document.data)))


@dataclass(frozen=True, slots=True)
class _Translation:
    document: Document
    object_word: str
    code_prefix: str

    def findings(self, errors: Iterable[ValidationError]) -> Iterator[Finding]:
        for error in errors:
            match error.validator:
                case "additionalProperties":
                    yield from self._unknown(error)
                case "required" | "dependentRequired":
                    yield from self._missing(error)
                case "oneOf" | "anyOf" if error.context:
                    yield from self._no_alternative(error)
                case _:
                    yield self._wrong(error)

    def _unknown(self, error: ValidationError) -> Iterator[Finding]:
        schema: Any = error.schema
        removed = schema.get("x-removed", {})
        severity = schema.get("x-unknown", "error")
        for key in unknown_keys(cast("Any", error.instance), schema):
            keys, name = (*error.absolute_path, key), json.dumps(key, ensure_ascii=False)
            if key in removed:
                message = f"key {name} no longer exists"
                yield self._finding(keys, REMOVED_KEY, message, {"x-cure": removed[key]})
            else:
                known = schema.get("properties", {})
                message = f"unknown key {name}{words.did_you_mean(key, known)}"
                said = {"x-severity": severity, "x-cure": "correct its name or remove it"}
                yield self._finding(keys, UNKNOWN_KEY, message, said)

    def _missing(self, error: ValidationError) -> Iterator[Finding]:
        schema: Any = error.schema
        for key in missing_keys(cast("Any", error.instance), schema):
            described = schema.get("properties", {}).get(key)
            said = {"x-cure": "add it", **_annotations(described)}
            message = f"key {json.dumps(key, ensure_ascii=False)} is missing"
            yield self._finding((*error.absolute_path, key), MISSING_KEY, message, said)

    def _no_alternative(self, error: ValidationError) -> Iterator[Finding]:
        nearest = nearest_branch(error)
        if not isinstance(nearest, Choice):
            yield from self.findings(nearest)
            return
        accepted = words.choice(nearest.types, nearest.values, self.object_word)
        keys = (*error.absolute_path, *nearest.keys)
        code = WRONG_TYPE if nearest.types else WRONG_VALUE
        demand = f"must be {accepted}"
        yield self._value(
            keys, code, demand, nearest.found, nearest.values, _annotations(error.schema)
        )

    def _wrong(self, error: ValidationError) -> Finding:
        keyword, value, found = (
            str(error.validator),
            cast("Any", error.validator_value),
            error.instance,
        )
        demand = words.must(keyword, value, self.object_word)
        code = WRONG_TYPE if keyword == "type" else WRONG_VALUE
        near = value if keyword == "enum" else ()
        keys: Keys = tuple(error.absolute_path)
        if "propertyNames" in error.relative_schema_path:
            keys = (*keys, str(found))
        return self._value(keys, code, demand, found, near, _annotations(error.schema))

    def _value(
        self,
        keys: Keys,
        code: str,
        demand: str,
        found: Any,
        near: Iterable[Any],
        said: Mapping[str, Any],
    ) -> Finding:
        demand = said.get("x-message", demand)
        value = words.shown(found, self.object_word, secret=bool(said.get("x-secret")))
        message = f"{demand}, is {value}{words.did_you_mean(found, near)}"
        return self._finding(keys, code, message, said)

    def _finding(self, keys: Keys, code: str, message: str, said: Mapping[str, Any]) -> Finding:
        return Finding(
            severity=Severity(said.get("x-severity", "error")),
            code=said.get("x-code", f"{self.code_prefix}{code}"),
            file=self.document.path,
            line=self._line(keys),
            pointer=pointer(*keys),
            message=message,
            cure=said.get("x-cure", "change the value"),
        )

    def _line(self, keys: Keys) -> int | None:
        """Return the line of the key or, where it is missing, of what it is missing in."""
        for length in range(len(keys), 0, -1):
            if line := self.document.line(*keys[:length]):
                return line
        return None if keys else self.document.line()


def _annotations(schema: object) -> Mapping[str, Any]:
    return schema if isinstance(schema, Mapping) else {}
