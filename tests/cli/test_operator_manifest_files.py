"""Manifests in YAML become the JSON that MarbleRun's CLI makes of them, byte for byte."""

from __future__ import annotations

import warnings
from hashlib import sha256
from pathlib import Path

import pytest
from ringtaw_cli.operator.manifest_file import read_manifest
from ringtaw_client import InputError

EVERYTHING = """\
Packages:
  p: {SignerID: "aa", ProductID: 1, SecurityVersion: 1}
Marbles:
  m:
    Package: p
    Parameters:
      Argv: ["./a <b> & ü", yes, 1.5, 010, 1e3, ~, 12:30]
      Files:
        f: |
          multi
          line
        1: x
"""
MARBLERUNS_FINGERPRINT = "82e9136004cbb2a07ab4acfb7cde673ce54e76e387a9e6778ca633e99bb485b9"
"""What ``marblerun manifest signature``, version 1.9.0, prints for it."""


def test_yaml_has_the_fingerprint_that_marblerun_gives_it(tmp_path: Path) -> None:
    path = tmp_path / "manifest.yaml"
    path.write_text(EVERYTHING)
    assert sha256(read_manifest(path)).hexdigest() == MARBLERUNS_FINGERPRINT


def test_json_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(b' {"b": 1,\n "a": "<"} ')
    assert read_manifest(path) == path.read_bytes()


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        "a: *x\n",
        "x",
        "a: 2020-01-01\n",
        "\tx: 1\n",
        "a: [",
        "[" * 600,
    ],
    ids=["duplicate", "alias", "text", "date", "tab", "open", "deep"],
)
def test_what_has_no_clear_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "manifest.yaml"
    path.write_text(text)
    with warnings.catch_warnings(action="error"), pytest.raises(InputError, match="neither JSON"):
        read_manifest(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b" \n", "it is empty"),
        (b'{"a":\n]', "line 2 column 1"),
        (b"a: 1\nb: [c\n", "line 3: "),
        (b"a: \xff", "byte 4 is not UTF-8 text"),
        (b"[" * 600, "it is nested too deeply"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_what_was_meant(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "manifest"
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_manifest(path)
    assert reason in refused.value.message
    assert "unicode string" not in refused.value.message
