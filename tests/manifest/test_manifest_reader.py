"""From bytes to JSON: what is refused before anything is looked at."""

from __future__ import annotations

import json
import time

import pytest
from ringtaw_coordinator.manifest.reader import MAX_BYTES, MAX_DEPTH, MAX_VALUES

from tests.manifest.samples import accepted, minimal, problem, with_marble

MINIMAL = json.dumps(minimal()).encode()


def test_minimal_manifest_is_accepted() -> None:
    assert accepted(MINIMAL).marbles["m"].package == "p"


def test_largest_size_is_accepted() -> None:
    assert accepted(MINIMAL.ljust(MAX_BYTES)) == accepted(MINIMAL)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (MINIMAL.ljust(MAX_BYTES + 1), "has 16,777,217 bytes; at most 16,777,216 are accepted"),
        (b"", "is not JSON: Expecting value (line 1, column 1)"),
        (b"{\n  \x01}", "is not JSON"),
        (MINIMAL + b"\n{}", "is not JSON: Extra data (line 2, column 1)"),
        (b"\xef\xbb\xbf" + MINIMAL, "begins with a byte order mark"),
        (MINIMAL.decode().encode("utf-16"), "is not UTF-8: byte 1 does"),
        (MINIMAL[:20] + b"\xff" + MINIMAL[20:], "is not UTF-8: byte 21 does"),
        (b'{"Config": NaN}', "NaN is no number"),
        (b'{"Config": [-Infinity]}', "-Infinity is no number"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "is nested deeper than 64 levels"),
        (b"[" * 100_000, "is nested deeper than 64 levels"),
        (b'{"a":' * 100_000, "is nested deeper than 64 levels"),
        (b'["\\"[[[", ' + b"[" * 100_000, "is nested deeper than 64 levels"),
        (b"[" + b"[]," * MAX_VALUES + b"[]]", "has more than 100,000 values"),
        (b'{"' + b'\\"' * 8_000_000, "is not JSON: Unterminated string"),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else None,
)
def test_one_problem_quickly(raw: bytes, message: str) -> None:
    start = time.monotonic()
    found = problem(raw)
    assert message in found.message
    assert found.pointer == ""
    assert time.monotonic() - start < 5


def test_deep_nesting_in_strings_counts_not() -> None:
    manifest = with_marble(Parameters={"Argv": ["[" * 1000 + '\\"' + "{" * 1000]})
    assert accepted(manifest).marbles["m"].parameters.argv[0].startswith("[[[")


def test_depth_up_to_the_limit_is_a_matter_of_the_schema() -> None:
    raw = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert problem(raw).message == "must be an object, not an array"


@pytest.mark.parametrize("escape", [b"\\ud800", b"\\udc00x", b"\\ud83d\\u0041"])
def test_half_surrogate_pairs_are_refused(escape: bytes) -> None:
    raw = MINIMAL.replace(b'{"Package"', b'{"Parameters": {"Argv": ["' + escape + b'"]}, "Package"')
    found = problem(raw)
    assert found.pointer == "/Marbles/m/Parameters/Argv/0"
    assert "surrogate" in found.message


def test_half_surrogate_pair_in_a_name_is_refused_and_shown_escaped() -> None:
    found = problem(MINIMAL.replace(b'"m"', b'"\\ud800"'))
    assert found.pointer == "/Marbles/\\ud800"


def test_whole_surrogate_pairs_are_characters() -> None:
    assert "\N{GRINNING FACE}" in accepted(MINIMAL.replace(b'"m"', b'"\\ud83d\\ude00"')).marbles
