"""Our premain in the place of MarbleRun's, in a user's Gramine manifest."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from ringtaw_gramine.build.prepare import prepare
from ringtaw_gramine.build.template import render
from ringtaw_premain.build_hookspecs import Preparation, PrepareRequest


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "app.manifest.template"


def propose(config: Path) -> Preparation:
    return prepare(PrepareRequest(str(config), (), "premain"))


def prepared(config: Path, text: str) -> Any:
    """Return what a template says after preparation."""
    config.write_text(text)
    (change,) = propose(config).changes
    return tomllib.loads(render("x.template", change.after, {}).text)


MARBLERUNS = 'libos.entrypoint = "premain-libos"\nloader.argv = ["/app"]\n'


def test_marbleruns_premain_is_replaced(config: Path) -> None:
    text = 'libos.entrypoint = "premain-libos"\nloader.argv = ["{{ app }}"]\n'
    found = prepared(config, text)
    assert found["loader"]["argv"][-2:] == ["--", "{{ app }}"]
    assert "MarbleRun's premain is replaced" in propose(config).notes


@pytest.mark.parametrize(
    ("trusted", "expected"),
    [
        ('["file:premain-libos"]', []),
        ('["file:app", "file:premain-libos"] # both', ["file:app"]),
        ("[ 'file:/opt/premain-gramine', \"file:app\", ]", ["file:app"]),
        ('["file:{{ premain }}/premain-libos", "file:app"]', ["file:app"]),
        ('[{ uri = "file:premain-libos", sha256 = "ab" }, "file:app"]', ["file:app"]),
        ('[\n  "file:premain-libos.so", # another\n]', ["file:premain-libos.so"]),
    ],
)
def test_marbleruns_premain_is_no_longer_trusted(
    config: Path, trusted: str, expected: list[str]
) -> None:
    text = f"{MARBLERUNS}sgx.trusted_files = {trusted}\n"
    found = prepared(config, text)["sgx"]["trusted_files"]
    assert sorted(found) == sorted([*expected, "file:premain/", *found[-1:]])
    assert "runtimedir" in found[-1] or "gramine" in found[-1]
    assert "MarbleRun's premain is replaced" in propose(config).notes


@pytest.mark.parametrize(
    "text",
    [
        '[[sgx.trusted_files]]\nuri = "file:premain-libos"\n',
        'sgx.trusted_files = [{% if x %}"file:premain-libos",{% endif %}\n  "file:app",\n]\n',
    ],
)
def test_where_it_cannot_be_taken_out_a_note_says_so(config: Path, text: str) -> None:
    config.write_text(MARBLERUNS + text.replace("{% if x %}", "{% if true %}"))
    preparation = propose(config)
    assert "premain-libos" in preparation.changes[0].after
    assert "MarbleRun's premain is replaced: take it out of sgx.trusted_files" in preparation.notes


def test_a_mount_of_it_is_left_with_a_note(config: Path) -> None:
    mount = 'fs.mounts = [{ path = "/premain-libos", uri = "file:premain-libos" }]\n'
    config.write_text(MARBLERUNS + mount)
    assert "MarbleRun's premain is replaced: take it out of fs.mounts" in propose(config).notes
