"""Users' files as data with positions."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from ringtaw_buildkit.document import (
    MAX_SIZE,
    DocumentError,
    parse_json,
    parse_toml,
    read_json,
    read_text,
)
from ringtaw_premain.errors import PlatformError

TOML = '''\
# a comment with key = 1
libos.entrypoint = "app" # and [one] here
[loader]
argv = ["a", "b",
  # between
  "c",
]
env.PATH = { value = "/bin", "odd.key" = [1,
2] }
text = """
[not.a.table]
key = 1 \\""""
literal = \'\'\'
x = \'1\'\'\'\'
"quoted \\u0041" = 1979-05-27 07:32:00
[[fs.mounts]]
path = "/a"
[fs.mounts.options]
deep = true
[[fs.mounts]]
path = "/b"
[sgx]
trusted_files = [
  { uri = "file:a" }, [ "nested",
    "list" ],
]
'''
TOML_LINES = {
    ("libos",): 2,
    ("libos", "entrypoint"): 2,
    ("loader",): 3,
    ("loader", "argv"): 4,
    ("loader", "argv", 1): 4,
    ("loader", "argv", 2): 6,
    ("loader", "env"): 8,
    ("loader", "env", "PATH", "value"): 8,
    ("loader", "env", "PATH", "odd.key"): 8,
    ("loader", "env", "PATH", "odd.key", 1): 9,
    ("loader", "text"): 10,
    ("loader", "literal"): 13,
    ("loader", "quoted A"): 15,
    ("fs",): 16,
    ("fs", "mounts"): 16,
    ("fs", "mounts", 0): 16,
    ("fs", "mounts", 0, "path"): 17,
    ("fs", "mounts", 0, "options"): 18,
    ("fs", "mounts", 0, "options", "deep"): 19,
    ("fs", "mounts", 1): 20,
    ("fs", "mounts", 1, "path"): 21,
    ("sgx",): 22,
    ("sgx", "trusted_files", 0): 24,
    ("sgx", "trusted_files", 0, "uri"): 24,
    ("sgx", "trusted_files", 1): 24,
    ("sgx", "trusted_files", 1, 0): 24,
    ("sgx", "trusted_files", 1, 1): 25,
}
JSON = """\
{ "a": [1, {"b":
  2.5e3}, true],
  "c": {}, "d": [],
  "\\u0065": null
}
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_every_table_key_and_element_of_toml_has_its_line(ends: str) -> None:
    document = parse_toml("x.toml", TOML.replace("\n", ends))
    assert document.data == tomllib.loads(TOML)
    assert {keys: document.line(*keys) for keys in TOML_LINES} == TOML_LINES
    assert document.line("fs", "mounts", 2) is None
    assert document.line("not") is None


def test_every_key_and_element_of_json_has_its_line() -> None:
    document = parse_json("x.json", JSON)
    assert document.data == json.loads(JSON)
    assert document.line("a", 1, "b") == 1
    assert document.line("a", 2) == 2
    assert (document.line("c"), document.line("e"), document.line("f")) == (3, 4, None)
    assert document.line() == 1


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(VALUES, st.sampled_from([None, 0, 2]), st.booleans())
def test_json_is_read_as_the_standard_library_reads_it(
    value: object, indent: int | None, is_ascii: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    document = parse_json("x.json", text)
    assert document.data == json.loads(text)
    assert all(1 <= line <= text.count("\n") + 1 for line in document.lines.values())


TOML_VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=15,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=3), TOML_VALUES, max_size=4))
def test_whatever_toml_says_has_a_line_and_nothing_else_has(data: dict[str, object]) -> None:
    document = parse_toml("x.toml", tomlkit.dumps(data))
    assert document.lines.keys() == set(paths(document.data, ()))
    last = document.text.count("\n") + 1
    assert all(1 <= line <= last for line in document.lines.values())


def paths(value: object, keys: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of a value and of everything in it."""
    yield keys
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*keys, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from paths(inner, (*keys, at))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{"a": 1,\n"a": 2}', 2, 'key "a" is already on line 1'),
        ("[1,\n]", 1, "comma after the last entry of the array"),
        ('{"a": 1,}', 1, "comma after the last entry of the object"),
        ('{"a" 1}', 1, "a key must be followed by a colon"),
        ("{a: 1}", 1, "expected a key in double quotes"),
        ("[1 2]", 1, "expected a comma or the end of the array"),
        ("\n\n", 3, "expected a value, found the end of the file"),
        ('{"a": [', 1, "found the end of the file"),
        ("NaN", 1, "expected a value"),
        ("-Infinity", 1, "expected a value"),
        ("01", 1, "there is something after the end"),
        ("1 // comment", 1, "there is something after the end"),
        ('"a\nb"', 1, "invalid control character"),
        ('"\\ud800"', 1, "half of a surrogate pair"),
        ("[" * 1000, 1, "nested more than 100 levels"),
        ("1" * 5000, 1, "number with more than 400 characters"),
        ("\ufeff{}", 1, "byte order mark"),
    ],
)
def test_what_is_not_json_is_an_error_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        parse_json("x.json", text)
    assert (caught.value.path, caught.value.line) == ("x.json", line)
    assert caught.value.cure
    assert str(caught.value).startswith(f"x.json:{line}: ")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a = 1\na = 2", 2, "Cannot overwrite a value"),
        ("a = 1\nb = ", 2, "Invalid value"),
        ("a = {b = 1,}", 1, "Invalid initial character"),
        ("a = 2024-02-31", 1, "Invalid date"),
        ("a = 1" + "0" * 5000, None, "out of range"),
        ("a = " + "[" * 5000, None, "nested too deeply"),
        ("\ufeffa = 1", 1, "byte order mark"),
    ],
)
def test_what_is_not_toml_is_an_error(text: str, line: int | None, message: str) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        parse_toml("x.toml", text)
    assert caught.value.line == line


def test_a_file_is_read_with_its_line_ends_and_forms(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes("a\r\nß".encode())
    assert read_text(str(path)) == "a\r\nß"
    path.write_text('{"a": 1}')
    assert read_json(str(path)).data == {"a": 1}


def test_what_cannot_be_read_is_named_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="missing: No such file") as missing:
        read_text(str(tmp_path / "missing"))
    assert missing.value.hint == "check the path"
    with pytest.raises(PlatformError, match="directory"):
        read_text(str(tmp_path))
    (tmp_path / "binary").write_bytes(b"a\nb\n\xff")
    with pytest.raises(DocumentError, match=r"binary:3: is not UTF-8"):
        read_text(str(tmp_path / "binary"))


def test_a_file_larger_than_any_configuration_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        os.truncate(file.fileno(), MAX_SIZE + 1)
    with pytest.raises(PlatformError, match="larger than 16 MiB"):
        read_text(str(path))
