"""What the checker calls an error, Gramine does not start: seen in gramine-direct."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from ringtaw_gramine.build.check import validate
from ringtaw_premain.build_hookspecs import Severity, ValidateRequest

pytestmark = pytest.mark.skipif(
    not (shutil.which("gramine-direct") and shutil.which("gramine-manifest")),
    reason="gramine-direct is not installed",
)

BASE: Final = """\
libos.entrypoint = "/program"
fs.mounts = [
  { path = "/lib", uri = "file:{{ gramine.runtimedir() }}" },
]
loader.env.LD_LIBRARY_PATH = "/lib"
sgx.trusted_files = ["file:program", "file:{{ gramine.runtimedir() }}/"]
"""


def test_the_base_starts(tmp_path: Path) -> None:
    assert _start(tmp_path, BASE) == 0
    assert _errors(tmp_path) == {"no-premain"}


@pytest.mark.parametrize(
    "line",
    [
        "loader.env.A = {}",
        "loader.env.A = { passthrough = false }",
        "loader.argv = []",
        'loader.argv = ["a"]\nloader.insecure__use_cmdline_argv = true',
        "loader.uid = -1",
        "loader.gid = true",
        'sys.stack.size = "512T"',
        'sys.brk.max_size = "x"',
        "sys.fds.limit = -1",
        'fs.insecure__keys.a = "00"',
        'sgx.allowed_files = ["uuid"]',
        'sgx.file_check_policy = "lax"',
        'loader.log_level = "warn"',
    ],
)
def test_a_line_that_stops_it(tmp_path: Path, line: str) -> None:
    assert _start(tmp_path, f"{BASE}{line}\n") != 0
    assert _errors(tmp_path) - {"no-premain", "hard-coded-key"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"/program"', '"file:program"'),
        ('"file:program"', '"file:lib/other"'),
        ('path = "/lib"', 'path = "lib"'),
        ('path = "/lib"', 'path = "/"'),
        ('uri = "file:', 'uri = "'),
        ("path = ", 'type = "tmp", path = '),
    ],
)
def test_a_value_that_stops_it(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/other").touch()
    assert _start(tmp_path, BASE.replace(old, new)) != 0
    assert _errors(tmp_path) - {"no-premain"}


@pytest.mark.parametrize(
    ("allowed", "is_everything"),
    [
        ("file:/", True),
        ("file:.", True),
        ("file:", True),
        ("file:a/..", True),
        ("file:..", False),
        ("file:/usr/share", False),
    ],
)
def test_what_allows_every_absolute_path(
    tmp_path: Path, allowed: str, *, is_everything: bool
) -> None:
    """Without it the C library, which is absolute and not trusted here, cannot be loaded."""
    untrusting = BASE.replace(', "file:{{ gramine.runtimedir() }}/"]', "]")
    text = f'{untrusting}sgx.allowed_files = ["{allowed}"]\n'
    assert (_start(tmp_path, text) == 0) is is_everything
    assert ("allowed-everything" in _errors(tmp_path)) is is_everything


def test_what_is_allowed_is_not_checked_although_it_is_trusted(tmp_path: Path) -> None:
    text = f'{BASE}sgx.allowed_files = ["file:program"]\n'
    assert _start(tmp_path, text) == 0
    assert "allowed-code" in _errors(tmp_path)
    shutil.copy("/bin/false", tmp_path / "program")
    start = ["gramine-direct", "x"]
    changed = subprocess.run(start, cwd=tmp_path, capture_output=True, check=False)
    assert changed.returncode == 1, "what the host put there runs"


def _start(folder: Path, template: str) -> int:
    shutil.copy("/bin/true", folder / "program")
    (folder / "x.manifest.template").write_text(template)
    render = ["gramine-manifest", "--no-check", "x.manifest.template", "x.manifest"]
    subprocess.run(render, check=True, cwd=folder, capture_output=True)
    return subprocess.run(["gramine-direct", "x"], cwd=folder, capture_output=True).returncode


def _errors(folder: Path) -> set[str]:
    findings = validate(ValidateRequest(str(folder / "x.manifest.template")))
    return {finding.code for finding in findings if finding.severity is Severity.ERROR}
