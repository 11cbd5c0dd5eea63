"""Violations of a JSON Schema, as a person reads them."""

from __future__ import annotations

from typing import Any

import pytest
from ringtaw_buildkit.document import parse_json, parse_toml
from ringtaw_buildkit.schema import schema_findings
from ringtaw_premain.build_hookspecs import Finding, Severity

MOUNT = {
    "oneOf": [
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["path", "uri"],
            "properties": {"type": {"const": "chroot"}, "path": {}, "uri": {"type": "string"}},
        },
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["type", "path", "uri"],
            "properties": {"type": {"const": "encrypted"}, "path": {}, "uri": {}, "key": {}},
        },
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["type", "path"],
            "properties": {"type": {"const": "tmpfs"}, "path": {}},
        },
    ]
}
VARIABLE = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["value"],
            "properties": {"value": {"type": "string"}},
        },
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["passthrough"],
            "properties": {"passthrough": {"const": True, "x-cure": "remove the variable"}},
        },
    ]
}


def texts(schema: dict[str, Any], toml: str) -> list[str]:
    """Return findings as ``line code pointer: message``."""
    document = parse_toml("x.toml", toml)
    found = schema_findings(document, {"x-object": "table", **schema})
    return [f"{f.line} {f.code} {f.pointer}: {f.message}" for f in found]


def finding(value_schema: dict[str, Any], value: str) -> Finding:
    """Return the one finding about the key ``key``."""
    schema = {"properties": {"key": value_schema}}
    (found,) = schema_findings(parse_toml("x.toml", f"key = {value}"), schema)
    return found


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": "string"}, "5", "must be a string, is 5"),
        ({"type": ["string", "array"]}, "{}", "must be a string or a list, is an object"),
        ({"type": "integer"}, "2.0", "must be a whole number, is 2.0"),
        ({"type": "integer"}, "true", "must be a whole number, is true"),
        ({"type": "boolean"}, '"yes"', 'must be true or false, is "yes"'),
        ({"type": "string"}, "1979-05-27", 'must be a string, is "1979-05-27"'),
        ({"enum": ["none", "dcap"]}, '"dcpa"', 'is "dcpa"; did you mean "dcap"?'),
        ({"const": 1}, "2", "must be 1, is 2"),
        ({"minimum": 4}, "3", "must be at least 4, is 3"),
        ({"maximum": 4}, "5", "must be at most 4, is 5"),
        ({"exclusiveMinimum": 4}, "4", "must be more than 4, is 4"),
        ({"multipleOf": 2}, "5", "must be a multiple of 2, is 5"),
        ({"minLength": 1}, '""', 'must not be empty, is ""'),
        ({"maxLength": 2}, '"abc"', 'must have at most 2 characters, is "abc"'),
        ({"maxItems": 1}, "[1, 2]", "must have at most 1 element, is a list"),
        ({"minItems": 2}, "[1]", "must have at least 2 elements, is a list"),
        ({"uniqueItems": True}, "[1, 1]", "must not have an element twice, is a list"),
        ({"pattern": "^file:"}, '"x"', 'must match the pattern ^file:, is "x"'),
        ({"not": {"const": 1}}, "1", "must not be this, is 1"),
        ({"minLength": 99}, f'"{"x" * 70}"', f'is "{"x" * 59}…'),
    ],
)
def test_values(schema: dict[str, Any], value: str, message: str) -> None:
    assert finding(schema, value).message.endswith(message)


def test_a_schema_says_it_in_its_own_words() -> None:
    schema = {
        "pattern": "^[0-9]+M$",
        "type": "string",
        "x-message": 'must be a size such as "256M"',
        "x-cure": "write the unit",
        "x-code": "bad-size",
        "x-severity": "warning",
    }
    assert finding(schema, '"256"') == Finding(
        severity=Severity.WARNING,
        code="bad-size",
        file="x.toml",
        line=1,
        pointer="key",
        message='must be a size such as "256M", is "256"',
        cure="write the unit",
    )


def test_a_secret_value_is_not_shown() -> None:
    found = finding({"type": "string", "pattern": "^x", "x-secret": True}, '"hunter2"')
    assert "hunter2" not in repr(found)


def test_keys_that_are_unknown_removed_or_missing() -> None:
    schema = {
        "properties": {
            "sgx": {
                "type": "object",
                "additionalProperties": False,
                "required": ["enclave_size"],
                "properties": {"max_threads": {}, "enclave_size": {"x-cure": "give a size"}},
                "patternProperties": {"^insecure__": {}},
                "x-removed": {"thread_num": "use sgx.max_threads"},
            }
        }
    }
    toml = "[sgx]\nmax_thread = 1\nthread_num = 2\ninsecure__a = 3\nzzz = 4\n"
    assert texts(schema, toml) == [
        '1 missing-key sgx.enclave_size: key "enclave_size" is missing',
        '2 unknown-key sgx.max_thread: unknown key "max_thread"; did you mean "max_threads"?',
        '3 removed-key sgx.thread_num: key "thread_num" no longer exists',
        '5 unknown-key sgx.zzz: unknown key "zzz"',
    ]
    found = schema_findings(parse_toml("x.toml", toml), schema)
    assert [f.cure for f in found][:3:2] == ["give a size", "use sgx.max_threads"]


def test_a_key_missing_at_the_top_has_no_line() -> None:
    assert texts({"required": ["a"]}, "b = 1") == ['None missing-key a: key "a" is missing']
    dependent = {"dependentRequired": {"b": ["c", "d"]}}
    assert texts(dependent, "b = 1") == [
        'None missing-key c: key "c" is missing',
        'None missing-key d: key "d" is missing',
    ]


def test_unknown_keys_may_be_only_doubtful() -> None:
    schema = {"additionalProperties": False, "x-unknown": "warning"}
    (found,) = schema_findings(parse_toml("x", "a = 1"), schema, code_prefix="ego-")
    assert (found.severity, found.code) == (Severity.WARNING, "ego-unknown-key")


@pytest.mark.parametrize(
    ("mount", "expected"),
    [
        ('path = "/", type = "encrypted"', '1 missing-key m[0].uri: key "uri" is missing'),
        ('path = "/"', '1 missing-key m[0].uri: key "uri" is missing'),
        ('path = "/", type = "tmpfs", uri = ""', '1 unknown-key m[0].uri: unknown key "uri"'),
        ('path = "/", uri = "", kye = 1', '1 unknown-key m[0].kye: unknown key "kye"'),
        ('path = "/", uri = 1', "1 wrong-type m[0].uri: must be a string, is 1"),
        (
            'path = "/", type = "crypted"',
            '1 wrong-value m[0].type: must be "chroot", "encrypted" or "tmpfs", is "crypted"; '
            'did you mean "encrypted"?',
        ),
    ],
)
def test_of_alternatives_the_one_that_was_meant_speaks(mount: str, expected: str) -> None:
    schema = {"properties": {"m": {"items": MOUNT}}}
    assert texts(schema, f"m = [{{ {mount} }}]") == [expected]


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("5", "wrong-type e.X: must be a string or a table, is 5"),
        ("{ value = 5 }", "wrong-type e.X.value: must be a string, is 5"),
        ("{ passthrough = false }", "wrong-value e.X.passthrough: must be true, is false"),
    ],
)
def test_of_alternatives_for_different_types_the_right_type_speaks(
    variable: str, expected: str
) -> None:
    schema = {"properties": {"e": {"additionalProperties": VARIABLE}}}
    assert texts(schema, f"e.X = {variable}") == [f"1 {expected}"]


def test_names_of_keys_are_checked_and_quoted_where_they_must_be() -> None:
    schema = {"propertyNames": {"pattern": "^[A-Z]+$", "x-message": "must be capitals"}}
    assert texts(schema, '"a.b" = 1') == ['1 wrong-value "a.b": must be capitals, is "a.b"']


def test_findings_are_in_the_order_of_lines_and_never_show_the_whole() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "c": {"type": "string"}},
        "required": ["z"],
    }
    document = parse_json("x.json", '{"c": 1,\n"a": [1, 2, 3],\n"b": {"long": "secret"}}')
    found = schema_findings(document, schema)
    assert [f.pointer for f in found] == ["c", "a", "b", "z"]
    assert "secret" not in repr(found)
    (whole,) = schema_findings(parse_json("x.json", "[]"), {"type": "object"})
    assert (whole.line, whole.pointer) == (1, "")
