"""A directory from which gramine-direct runs Python programs: the image of an enclave.

``site/`` holds what is installed in it: the premain, the Gramine adapter and what they need.
``pycache/`` is its bytecode, ``work/`` the working directory, ``encrypted/`` and ``other/`` the
host side of two encrypted mounts, whose keys are called ``default`` and ``other``.
"""

from __future__ import annotations

import importlib.util
import json
import os
import py_compile
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.standins import quotes

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[2]
TEMPLATE: Final = HERE / "enclave.manifest.template"
OURS: Final = ("premain", "adapters/gramine")
REQUIRED: Final = ("cryptography", "pluggy", "cffi", "_cffi_backend")
USUALLY_IMPORTED: Final = (
    "ringtaw_premain.__main__",
    "ringtaw_gramine.runtime",
    "json",
    "tempfile",
)
INSTALLED: Final = all(shutil.which(tool) for tool in ("gramine-direct", "gramine-manifest"))
NOT_INSTALLED: Final = "gramine-direct and gramine-manifest are not on PATH"


@dataclass(frozen=True)
class GramineImage:
    """An image laid out in ``directory``."""

    directory: Path

    def run(
        self, *argv: str, environ: Mapping[str, str] | None = None, device: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Python with this measured ``loader.argv``, argv[0] included.

        ``device`` is a host directory to mount over /dev/attestation; then there are no encrypted
        mounts. All output comes on stdout: gramine-direct joins the program's two streams there.
        """
        self._render(argv, device)
        return subprocess.run(
            ["gramine-direct", "enclave"],
            cwd=self.directory,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    def make_quotes(self) -> None:
        """From now on, opening ``quote`` of a mounted device makes one, as on SGX."""
        for module in (Path(quotes.__file__), HERE / "sitecustomize.py"):
            shutil.copy(module, self.directory / "work")

    def _render(self, argv: tuple[str, ...], device: Path | None) -> None:
        variables = {
            "argv": json.dumps(argv),
            "python": os.path.realpath(sys.executable),
            "prefix": sys.base_prefix,
            "library_directory": f"/lib/{sysconfig.get_config_var('MULTIARCH')}",
            "directory": str(self.directory),
            "device": str(device or ""),
            "log_level": "error",
        }
        definitions = [f"-D{name}={value}" for name, value in variables.items()]
        manifest = self.directory / "enclave.manifest"
        subprocess.run(["gramine-manifest", *definitions, TEMPLATE, manifest], check=True)


def lay_out_image(directory: Path) -> GramineImage:
    """Install the premain and the adapter into an image in this empty directory."""
    for name in ("site", "work", "pycache", "encrypted", "other"):
        (directory / name).mkdir()
    site = directory / "site"
    for unit in OURS:
        _install_unit(ROOT / unit, site)
    for module in REQUIRED:
        _copy_module(module, site)
    _compile(directory)
    return GramineImage(directory)


def _install_unit(unit: Path, site: Path) -> None:
    project = tomllib.loads((unit / "pyproject.toml").read_text())["project"]
    for package in (unit / "src").iterdir():
        shutil.copytree(package, site / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    name = project["name"].replace("-", "_")
    metadata = site / f"{name}-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = []
    for group, entries in project.get("entry-points", {}).items():
        lines += [f"[{group}]", *(f"{entry} = {value}" for entry, value in entries.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")


def _copy_module(module: str, site: Path) -> None:
    specification = importlib.util.find_spec(module)
    assert specification is not None
    assert specification.origin is not None
    origin = Path(specification.origin)
    if specification.submodule_search_locations:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(origin.parent, site / module, ignore=ignored)
    else:
        shutil.copy(origin, site)


def _compile(directory: Path) -> None:
    """Ship bytecode: files of the host have no time in Gramine, so Python finds all of it stale."""
    site = directory / "site"
    for source in site.rglob("*.py"):
        _compile_one(directory, source, Path("/site", source.relative_to(site)))
    script = f"import sys, {', '.join(USUALLY_IMPORTED)}; print(*(getattr(module, '__file__', None)"
    script += " for module in sys.modules.values()), sep='\\n')"
    environ = {**os.environ, "PYTHONPATH": str(site)}
    command = [os.path.realpath(sys.executable), "-c", script]
    for name in subprocess.check_output(command, env=environ, text=True).splitlines():
        if name.startswith(sys.base_prefix) and name.endswith(".py"):
            _compile_one(directory, Path(name), Path(name))


def _compile_one(directory: Path, source: Path, inside: Path) -> None:
    name = f"{inside.stem}.{sys.implementation.cache_tag}.pyc"
    target = directory / "pycache" / inside.parent.relative_to("/") / name
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(source), str(target), str(inside), invalidation_mode=mode)
