"""What ``ringtaw adapter new`` makes, and what it refuses to make.

That what it makes passes at once, installed and tested by the commands themselves, is where
docs/writing-an-adapter.md begins: test_tutorial.py.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ringtaw_testkit.scaffold import ScaffoldError, check_name, new_adapter


@pytest.mark.parametrize("name", ["shoebox", "a", "x2", "my-own-runtime", "a1-2b"])
def test_names(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "Shoebox", "2x", "-x", "x-", "x--y", "x_y", "x.y", "../x", "x y", "ü", "x" * 41, "x\n"],
)
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(ScaffoldError, match="cannot be the name of an adapter"):
        check_name(name)


@pytest.mark.parametrize("name", ["premain", "testkit", "adapter", "plugins"])
def test_names_that_are_ringtaws(name: str) -> None:
    with pytest.raises(ScaffoldError, match="Ringtaw's own"):
        check_name(name)


def test_a_name_that_is_taken() -> None:
    with pytest.raises(ScaffoldError, match="'gramine' is installed already"):
        check_name("gramine")


@pytest.mark.parametrize("kind", ["file", "directory", "link"])
def test_what_exists_is_left_alone(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "there"
    if kind == "file":
        target.write_text("mine")
    elif kind == "directory":
        target.mkdir()
    else:
        target.symlink_to("nowhere")
    with pytest.raises(ScaffoldError, match="exists already"):
        new_adapter("shoebox", target)
    assert os.listdir(tmp_path) == ["there"]
    assert kind != "file" or target.read_text() == "mine"


def test_nothing_is_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full in the middle: a limit on file sizes does the same."""
    script = (
        "import resource, signal, pathlib, sys\n"
        "from ringtaw_testkit.scaffold import new_adapter, ScaffoldError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))\n"
        "try:\n    new_adapter('shoebox', pathlib.Path('made'))\n"
        "except ScaffoldError as error:\n    sys.exit(str(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == "cannot make made: File too large\n"
    assert os.listdir(tmp_path) == []


def test_what_it_makes(tmp_path: Path) -> None:
    made = new_adapter("my-runtime", tmp_path / "deep" / "made")
    table = tomllib.loads((made / "pyproject.toml").read_text())
    assert table["project"]["name"] == "ringtaw-adapter-my-runtime"
    assert table["project"]["entry-points"]["ringtaw.adapters"] == {
        "my-runtime": "ringtaw_my_runtime:ADAPTER"
    }
    assert "license" not in table["project"]
    files = sorted(str(path.relative_to(made)) for path in made.rglob("*") if path.is_file())
    assert files == [
        ".gitignore",
        "README.md",
        "docs/my-runtime.md",
        "pyproject.toml",
        "src/ringtaw_my_runtime/__init__.py",
        "src/ringtaw_my_runtime/build/__init__.py",
        "src/ringtaw_my_runtime/py.typed",
        "src/ringtaw_my_runtime/runtime.py",
        "tests/harness.py",
        "tests/test_ringtaw_my_runtime.py",
    ]
    assert not any(
        "@" in (made / file).read_text().replace("@hookimpl", "").replace("@contextmanager", "")
        for file in files
    )
    umask = os.umask(0o022)
    os.umask(umask)
    assert stat.S_IMODE(made.stat().st_mode) == 0o777 & ~umask


def test_its_style_is_the_projects(tmp_path: Path) -> None:
    made = new_adapter("another", tmp_path / "style")
    options = ["--isolated", "--line-length", "100", "."]
    rules = ["--select", "A,B,E,F,I,N,PT,RET,RUF,SIM,UP,W"]
    for command in (["format", "--check"], ["check", *rules]):
        ran = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *options],
            cwd=made,
            capture_output=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout
