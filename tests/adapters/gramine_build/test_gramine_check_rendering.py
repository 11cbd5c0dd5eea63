"""Templates beside Gramine's own rendering of them."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Final

import pytest
from ringtaw_gramine.build.check import validate
from ringtaw_gramine.build.template import render
from ringtaw_premain.build_hookspecs import ValidateRequest

from tests.adapters.gramine_build.gramine_check_cases import GOOD

pytestmark = pytest.mark.skipif(
    shutil.which("gramine-manifest") is None, reason="gramine-manifest is not installed"
)

_FILES: Final = ("premain/bin/python3", "premain/lib/x.so", "app/hello", "lib/a", "lib/b")
_LOOP: Final = """\
"file:app/hello",
{%- for name in ["a", "b"] %}
  "file:{{ folder }}/{{ name }}",
{%- endfor %}
]"""
TEMPLATE: Final = (
    GOOD.replace('"error"', '"{{ level }}"').replace('"file:app/hello"]', _LOOP)
    + "sgx.edmm_enable = {{ 'true' if env.get('NO_SUCH_VARIABLE', '0') == '1' else 'false' }}\n"
)
VARIABLES: Final = {"level": "none", "folder": "lib"}


def test_both_give_the_same(tmp_path: Path) -> None:
    theirs = tomllib.loads(_render(tmp_path).read_text())
    ours = tomllib.loads(render("x.manifest.template", TEMPLATE, VARIABLES).text)
    measured = {entry["uri"] for entry in theirs["sgx"].pop("trusted_files")}
    assert measured == {f"file:{name}" for name in _FILES}
    assert set(ours["sgx"].pop("trusted_files")) - measured == {"file:premain/"}
    for table, values in ours.items():
        assert theirs[table].items() >= values.items()


def test_what_gramine_rendered_has_no_finding(tmp_path: Path) -> None:
    assert validate(ValidateRequest(str(_render(tmp_path)))) == []


def _render(folder: Path) -> Path:
    for name in _FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o755)
    (folder / "x.manifest.template").write_text(TEMPLATE)
    variables = [f"-D{name}={value}" for name, value in VARIABLES.items()]
    command = ["gramine-manifest", *variables, "x.manifest.template", "x.manifest"]
    subprocess.run(command, check=True, cwd=folder)
    return folder / "x.manifest"
