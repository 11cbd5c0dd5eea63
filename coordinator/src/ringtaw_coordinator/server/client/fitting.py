"""Reads the JSON body of a request by its schema, strictly; nothing else of it gets through."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any, Final

from ringtaw_coordinator.names import did_you_mean, quoted
from ringtaw_coordinator.server.client.schema import Schema, resolve

MAX_VALUES: Final = 10_000
"""Values in a JSON body, large ones included: parsing must not cost a stranger's megabytes."""
_SEPARATORS: Final = (b",", b"[", b"{")


def read_json(body: bytes, schema: Schema) -> dict[str, Any]:
    """Return the body as an object of the type ``schema``.

    Keys are spelt as in the schema, bytes are decoded.

    Raises:
        ValueError: It is none; the text is for the client.
    """
    if sum(map(body.count, _SEPARATORS)) > MAX_VALUES:
        raise ValueError(f"the body has more than {MAX_VALUES:,} values")
    try:
        content = json.loads(
            body,
            object_pairs_hook=_distinct,
            parse_constant=_refuse_constant,
            parse_float=_refuse_fraction,
        )
    except RecursionError:
        raise ValueError("the body is not JSON: nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise ValueError("the body is not a JSON object")
    return _fit_object(content, schema, "")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {quoted(twice)} is there twice")
    return found


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no value")


def _refuse_fraction(text: str) -> None:
    raise ValueError(f"{text[:20]} is no integer, and only integers are numbers here")


def _fit(value: Any, schema: Schema, where: str) -> Any:
    schema = resolve(schema)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if value is None and "null" in kinds:
        return None
    if "object" in kinds and isinstance(value, dict):
        return _fit_object(value, schema, where)
    if "string" in kinds and type(value) is str:
        return _fit_string(value, schema, where)
    if "integer" in kinds and type(value) is int:
        return _fit_integer(value, schema, where)
    raise ValueError(f"{where}: {_expected(schema, kinds)} is expected")


def _expected(schema: Schema, kinds: list[str]) -> str:
    if "contentEncoding" in schema:
        return "a base64 string"
    return {"object": "an object", "string": "a string", "integer": "an integer"}[kinds[0]]


def _fit_object(value: Mapping[str, Any], schema: Schema, where: str) -> dict[str, Any]:
    schema = resolve(schema)
    if "properties" in schema:
        return _fit_record(value, schema, where)
    values = schema["additionalProperties"]
    return {
        _checked(name, where): _fit(item, values, f"{where}/{_shown(name)}")
        for name, item in value.items()
    }


def _fit_record(value: Mapping[str, Any], schema: Schema, where: str) -> dict[str, Any]:
    properties = schema["properties"]
    spelling = {name.lower(): name for name in properties}
    fitted: dict[str, Any] = {}
    for key, item in value.items():
        name = spelling.get(key.lower())
        if name is None:
            hint = did_you_mean(key, properties)
            raise ValueError(
                f"{where}/{_shown(key)}: there is no such key" + (f": {hint}" if hint else "")
            )
        if name in fitted:
            raise ValueError(f"{where}/{name}: the key is there twice")
        fitted[name] = _fit(item, properties[name], f"{where}/{name}")
    if missing := [name for name in schema["required"] if name not in fitted]:
        raise ValueError(f"{where}/{missing[0]}: is missing")
    return fitted


def _shown(name: str) -> str:
    return quoted(name)[1:-1]


def _checked(value: str, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{where or '/'}: there is a lone surrogate in a string") from None
    return value


def _fit_string(value: str, schema: Schema, where: str) -> str | bytes:
    _checked(value, where)
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        raise ValueError(
            f"{where}: has a length other than {schema['minLength']} to "
            f"{schema['maxLength']} characters"
        )
    return _decode(value, where) if "contentEncoding" in schema else value


def _decode(value: str, where: str) -> bytes:
    """Decode base64; line breaks may be in between, as Go permits."""
    try:
        return b64decode(value.replace("\r", "").replace("\n", ""), validate=True)
    except (Base64Error, ValueError):
        message = f"{where}: is not base64 (standard alphabet, padded)"
        raise ValueError(message) from None


def _fit_integer(value: int, schema: Schema, where: str) -> int:
    if not schema["minimum"] <= value <= schema["maximum"]:
        raise ValueError(f"{where}: is not from {schema['minimum']} to {schema['maximum']}")
    return value
